//! Where images come from and how surely they are named.

use crate::checks::{Flaw, Look, Row};
use crate::image::Image;
use crate::words::{Words, words};
use crate::workload::Container;

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
const NOT_PINNED: Words = words("{} names no digest", "{}에 다이제스트가 없음");
const ELSEWHERE: Words = words("{} comes from {}", "{}를 {}에서 받음");
const STALE: Words = words(
    "{} may move, and a node that has it does not look again (imagePullPolicy {})",
    "{}는 바뀔 수 있는데 노드에 있으면 다시 받지 않음 (imagePullPolicy {})",
);
const FROZEN: Words =
    words("{} comes from {}, which is frozen since {}", "{}는 {}에서 받는데 {}년에 갱신이 멈춤");

fn each(
    look: &Look<'_>,
    flaw: impl Fn(&Container<'_>, &str, &Image<'_>) -> Option<Flaw>,
) -> Option<Vec<Flaw>> {
    let flaws = look.workload.containers().filter_map(|container| {
        let reference = container.value.str_at(&["image"]);
        flaw(&container, reference, &Image::parse(reference)?)
    });
    Some(flaws.collect())
}

fn version_said(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c, reference, image| {
        image.moves().then(|| look.fail(&c.field("image"), MOVES.with([reference])))
    })
}

fn pinned(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c, reference, image| {
        image.digest.is_none().then(|| look.warn(&c.field("image"), NOT_PINNED.with([reference])))
    })
}

/// Undecided until somebody says which registries are trusted.
fn trusted(look: &Look<'_>) -> Option<Vec<Flaw>> {
    let list = &look.settings.registries;
    if list.is_empty() {
        return None;
    }
    each(look, |c, reference, image| {
        (!image.is_of(list))
            .then(|| look.fail(&c.field("image"), ELSEWHERE.with([reference, image.registry])))
    })
}

fn pulled(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c, reference, image| {
        let policy = c.value.str_at(&["imagePullPolicy"]);
        // Without a policy `latest` is pulled always, any other tag once.
        let always = policy == "Always" || (policy.is_empty() && image.moves());
        let shown = if policy.is_empty() { "IfNotPresent" } else { policy };
        let stale = image.digest.is_none() && !always;
        stale.then(|| look.warn(&c.field("imagePullPolicy"), STALE.with([reference, shown])))
    })
}

fn registry_there(look: &Look<'_>) -> Option<Vec<Flaw>> {
    each(look, |c, reference, image| {
        let (gone, since) = GONE.into_iter().find(|(gone, _)| image.is_of(&[(*gone).to_owned()]))?;
        Some(look.warn(&c.field("image"), FROZEN.with([reference, gone, since])))
    })
}
