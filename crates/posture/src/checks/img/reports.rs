//! What scanners tell of images: whether there is a report, how old it is, what it found.

use std::collections::{BTreeMap, BTreeSet};

use super::known::{Known, Row, Seen, fail, warn};
use crate::catalogue::Severity;
use crate::checks::Flaw;
use crate::finding::{Place, Status};
use crate::limits::exceeds;
use crate::scan::Scan;
use crate::sources::exposure::{Opening, Way};
use crate::sources::images::{Facts, Images, Subject, System, Vulnerability, vulnerabilities};
use crate::systems;
use crate::when::{day, moment};
use crate::words::{Words, words};

const UNSCANNED: Words = words(
    "no vulnerability report for {} of {} images, the first is {}",
    "이미지 {}/{}개에 취약점 보고서가 없음: {} 등",
);

pub(super) const ROWS: &[Row] = &[
    Row { id: "IMG-005", needs: UNSCANNED, look: scanned },
    Row { id: "IMG-006", needs: UNSCANNED, look: few },
    Row { id: "IMG-007", needs: NO_CATALOGUE, look: exploited },
    Row { id: "IMG-008", needs: UNTOLD, look: exposed },
    Row { id: "IMG-014", needs: UNSCANNED, look: supported },
];

const NO_CATALOGUE: Words = words(
    "no report, or no catalogue of exploited vulnerabilities, for {} of {} images, the first is {}",
    "이미지 {}/{}개에 보고서나 악용 취약점 목록이 없음: {} 등",
);
const UNTOLD: Words = words(
    "no report, or no workloads and services, for {} of {} images, the first is {}",
    "이미지 {}/{}개에 보고서나 워크로드·서비스 정보가 없음: {} 등",
);

const NO_REPORT: Words = words("nobody has scanned {}", "{}의 스캔 보고서가 없음");
const OTHER_DIGEST: Words = words(
    "the report on {} is of another digest than the one that runs: {}",
    "{}의 보고서가 실행 중인 다이제스트와 다름: {}",
);
const OLD: Words = words("the newest report is {} days old ({})", "가장 최근 보고서가 {}일 전 것임 ({})");
const UNDATED: Words =
    words("the report of {} does not say when it was made", "{} 보고서에 작성 시각이 없음");
const TO_COME: Words =
    words("the report is dated {}, which is still to come", "보고서 시각 {}이(가) 아직 오지 않음");
const MANY: Words = words(
    "{} critical and {} high vulnerabilities that newer versions mend, such as {}",
    "고칠 수 있는 취약점이 심각 {}개, 높음 {}개: {} 등",
);
const EXPLOITED: Words = words("{} in {} is being exploited", "{} ({})이 실제로 악용되고 있음");
const STALE: Words = words("the catalogue is {} days old", "목록이 {}일 전 것임");
const REACHED: Words = words(
    "{} critical and {} high vulnerabilities in what can be reached from outside by {} {}, such as {}",
    "외부에서 접근 가능한 이미지의 심각 {}개, 높음 {}개 취약점 ({} {}): {} 등",
);
const ENDED: Words = words("nobody mends {} {} any more", "{} {}의 지원이 끝남");
const ENDED_ON: Words = words("nobody mends {} {} any more since {}", "{} {}의 지원이 {}에 끝남");

fn scanned(known: &Known<'_>, image: &Subject<'_, '_>) -> Seen {
    let title = image.names.title.as_str();
    let reports = image.facts.iter().filter(|facts| facts.vulnerabilities.is_some());
    let Some(newest) = reports.max_by_key(|facts| facts.taken) else {
        return match (known.runs, image.names.digest()) {
            (false, _) => Seen::Unknown,
            (true, Some(digest)) if known.images.has_another(&image.names) => {
                Seen::one(Some(fail(&image.field, OTHER_DIGEST.with([title, digest]))))
            }
            _ => Seen::one(Some(fail(&image.field, NO_REPORT.with([title])))),
        };
    };
    let Some(taken) = newest.taken else {
        return Seen::one(Some(warn(&image.field, UNDATED.with([newest.tool]))));
    };
    let age = known.settings.days_since(taken);
    // A clock may be a little ahead.
    let reason = match age {
        ..-1 => Some(TO_COME.with([day(taken)])),
        _ if age > known.settings.limits.report_days => Some(OLD.with([age.to_string(), day(taken)])),
        _ => None,
    };
    Seen::one(reason.map(|reason| warn(&image.field, reason)))
}

fn few(known: &Known<'_>, image: &Subject<'_, '_>) -> Seen {
    match Worst::of(known, image) {
        Some(worst) => Seen::one(worst.is_too_much(known).then(|| {
            let counts = [worst.critical.to_string(), worst.high.to_string(), worst.shown()];
            fail(&image.field, MANY.with(counts))
        })),
        None => Seen::Unknown,
    }
}

fn exploited(known: &Known<'_>, image: &Subject<'_, '_>) -> Seen {
    let scanned = image.facts.iter().any(|facts| facts.vulnerabilities.is_some());
    if known.images.exploited.is_empty() || !scanned {
        return Seen::Unknown;
    }
    let mut once = BTreeSet::new();
    let listed = left(known, image).into_iter().filter_map(|vulnerability| {
        let id = known.images.exploited.iter().find_map(|catalogue| catalogue.lists(vulnerability))?;
        once.insert(id).then(|| fail(&image.field, EXPLOITED.with([id, vulnerability.package])))
    });
    Seen::Flaws(listed.collect())
}

fn exposed(known: &Known<'_>, image: &Subject<'_, '_>) -> Seen {
    if !known.runs || !known.knows_services {
        return Seen::Unknown;
    }
    let openings = image.workloads.iter().flat_map(|workload| known.exposure.to(*workload));
    // The one that most can use says most.
    let Some(opening) = openings.max_by_key(|opening| (opening.is_public, std::cmp::Reverse(opening.way)))
    else {
        return Seen::Nothing;
    };
    match Worst::of(known, image) {
        Some(worst) => Seen::one(worst.is_too_much(known).then(|| reached(image, &worst, opening))),
        None => Seen::Unknown,
    }
}

fn reached(image: &Subject<'_, '_>, worst: &Worst<'_>, opening: &Opening<'_>) -> Flaw {
    let object = opening.object;
    let by = match opening.way {
        Way::HostPort => "hostPort",
        Way::HostNetwork => "hostNetwork",
        _ => object.kind(),
    };
    let name = format!("{}/{}", object.namespace(), object.name());
    let parts = [worst.critical.to_string(), worst.high.to_string(), by.to_owned(), name, worst.shown()];
    fail(&image.field, REACHED.with(parts))
}

fn supported(known: &Known<'_>, image: &Subject<'_, '_>) -> Seen {
    let looked =
        |facts: &&Facts<'_>| facts.vulnerabilities.is_some() || facts.is_bill || facts.system.is_some();
    if !image.facts.iter().any(looked) {
        return Seen::Unknown;
    }
    // Nothing to mend where there is no operating system.
    let mut systems = image.facts.iter().filter_map(|facts| facts.system);
    Seen::one(systems.find_map(|system| ended(known, &system)).map(|reason| fail(&image.field, reason)))
}

fn ended(known: &Known<'_>, system: &System<'_>) -> Option<crate::words::Said> {
    let end = systems::end(system.family, system.version);
    let passed = end.filter(|day| moment(day).is_some_and(|end| known.settings.days_since(end) > 0));
    match (passed, system.is_ended) {
        (Some(day), _) => Some(ENDED_ON.with([system.family, system.version, day])),
        (None, Some(true)) => Some(ENDED.with([system.family, system.version])),
        _ => None,
    }
}

/// A catalogue that is old does not know what is exploited since.
pub(super) fn catalogues(scan: &mut Scan<'_>, images: &Images<'_>) {
    for catalogue in &images.exploited {
        let age = catalogue.published.map(|published| scan.settings.days_since(published));
        if let Some(age) = age.filter(|age| *age > scan.settings.limits.report_days) {
            let place = Place::named("Catalogue", &*catalogue.origin.source, catalogue.origin);
            scan.find("IMG-007", Status::Warn, place, "dateReleased".to_owned(), STALE.with([age]));
        }
    }
}

/// Vulnerabilities that nobody has set aside.
fn left<'s, 'a>(known: &Known<'_>, image: &Subject<'s, 'a>) -> Vec<&'s Vulnerability<'a>> {
    let all = vulnerabilities(&image.facts);
    all.into_iter().filter(|v| !known.images.is_set_aside(&image.facts, v)).collect()
}

/// The worst vulnerabilities of an image that newer versions mend.
struct Worst<'a> {
    critical: usize,
    high: usize,
    /// The worst of all.
    first: Option<&'a Vulnerability<'a>>,
}

impl<'s> Worst<'s> {
    /// `None` when nobody looked for vulnerabilities.  What several packages share counts once.
    fn of<'a: 's>(known: &Known<'_>, image: &Subject<'s, 'a>) -> Option<Self> {
        image.facts.iter().find(|facts| facts.vulnerabilities.is_some())?;
        let mut worst: BTreeMap<&str, &'s Vulnerability<'s>> = BTreeMap::new();
        for vulnerability in left(known, image).into_iter().filter(|v| !v.fixed.is_empty()) {
            let known = worst.entry(vulnerability.id).or_insert(vulnerability);
            if vulnerability.severity > known.severity {
                *known = vulnerability;
            }
        }
        let count = |severity| worst.values().filter(|v| v.severity == severity).count();
        let (critical, high) = (count(Severity::Critical), count(Severity::High));
        let first = worst.into_values().max_by_key(|v| (v.severity, std::cmp::Reverse(v.id)));
        Some(Self { critical, high, first })
    }

    fn is_too_much(&self, known: &Known<'_>) -> bool {
        let limits = &known.settings.limits;
        exceeds(self.critical, limits.critical) || exceeds(self.high, limits.high)
    }

    /// `CVE-… in openssl 3.0.1 (3.0.2)`
    fn shown(&self) -> String {
        self.first.map_or_else(String::new, |v| {
            let Vulnerability { id, package, version, fixed, .. } = v;
            format!("{id}: {package} {version} → {fixed}")
        })
    }
}
