//! Where images come from and how surely they are named.

use crate::checks::{Flaw, Look, Row};
use crate::image::Image;
use crate::words::{Words, words};
use crate::workload::Named;

pub(super) const ROWS: &[Row] = &[
    Row { id: "IMG-001", look: version_said },
    Row { id: "IMG-002", look: pinned },
    Row { id: "IMG-003", look: trusted },
    Row { id: "IMG-004", look: pulled },
    Row { id: "IMG-016", look: registry_there },
];

/// Registries that are frozen or gone, and since when: Kubernetes' own (kubernetes.io/blog, 6 February 2023), and
/// where Bitnami has put what it maintains no longer (github.com/bitnami/containers, issue 83267).
const GONE: [(&str, &str); 4] = [
    ("k8s.gcr.io", "2023"),
    ("gcr.io/google_containers", "2023"),
    ("gcr.io/google-containers", "2023"),
    ("docker.io/bitnamilegacy", "2025"),
];

const MOVES: Words = words(
    "{} has no version: it is another image tomorrow",
    "{}에 버전이 없어 내일 다른 이미지가 될 수 있음",
);
const NO_NAME: Words = words("{} is no name of an image", "{}은(는) 이미지 이름이 아님");
const NOT_PINNED: Words = words("{} names no digest", "{}에 다이제스트가 없음");
const BROKEN: Words = words("the digest of {} is not whole", "{}의 다이제스트가 온전하지 않음");
const ELSEWHERE: Words = words("{} comes from {}", "{}를 {}에서 받음");
const STALE: Words = words(
    "{} may move, and a node that has it does not look again ({} {})",
    "{}는 바뀔 수 있는데 노드에 있으면 다시 받지 않음 ({} {})",
);
const FROZEN: Words =
    words("{} comes from {}, which is frozen since {}", "{}는 {}에서 받는데 {}년에 갱신이 멈춤");

fn each(look: &Look<'_>, flaw: impl Fn(&Named<'_>, &str, &Image<'_>) -> Option<Flaw>) -> Option<Vec<Flaw>> {
    let mut images = look.workload.images().peekable();
    // A part of a workload may leave its images out.
    images.peek()?;
    let flaws = images.filter_map(|named| match Image::parse(named.reference) {
        Some(image) => flaw(&named, named.reference, &image),
        None => Some(look.warn(&named.field, NO_NAME.with([named.reference]))),
    });
    Some(flaws.collect())
}

fn version_said(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c, reference, image| {
        let reason = || MOVES.with([reference]);
        match image.moves() {
            true => Some(look.fail(&c.field, reason())),
            false => image.follows().then(|| look.warn(&c.field, reason())),
        }
    })
}

fn pinned(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c, reference, image| {
        let reason = if image.digest.is_some() { BROKEN } else { NOT_PINNED };
        (!image.is_pinned()).then(|| look.warn(&c.field, reason.with([reference])))
    })
}

/// Undecided until somebody says which registries are trusted.
fn trusted(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let list = &look.settings.registries;
    if list.is_empty() {
        return None;
    }
    each(look, |c, reference, image| {
        (!image.is_of(list)).then(|| look.fail(&c.field, ELSEWHERE.with([reference, image.registry])))
    })
}

fn pulled(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c, reference, image| {
        let policy = c.policy.1;
        // Without a policy `latest` is pulled always, any other tag once.
        let always = policy == "Always" || (policy.is_empty() && image.moves());
        let shown = if policy.is_empty() { "IfNotPresent" } else { policy };
        let stale = !image.is_pinned() && !always;
        stale.then(|| look.warn(&c.policy_field(), STALE.with([reference, c.policy.0, shown])))
    })
}

fn registry_there(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c, reference, image| {
        let (gone, since) = GONE.into_iter().find(|(gone, _)| image.is_of(&[(*gone).to_owned()]))?;
        Some(look.warn(&c.field, FROZEN.with([reference, gone, since])))
    })
}
