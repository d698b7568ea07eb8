//! What is checked: the rows of `catalogue/*.tsv`.

use std::fmt;
use std::sync::LazyLock;

use crate::words::Words;

/// Something that guidelines ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name, such as `POD-002`.
    pub id: &'static str,
    /// How bad it is when it fails.
    pub severity: Severity,
    /// What it is decided from; any one of them will do.
    pub inputs: Vec<Kind>,
    /// What can be done about a failure by a program.
    pub fix: Fix,
    /// What is asked for.
    pub title: Words,
    /// What to do about a failure.
    pub remedy: Words,
    /// Items of the two documents that it decides: `A…` Kubernetes' documentation, `B…` Naver Cloud's guideline.
    pub items: Vec<&'static str>,
    /// Items of the CIS Kubernetes Benchmark (1.12 and 2.0.1 number them alike), by their titles in kube-bench.
    pub cis: Vec<&'static str>,
    /// Controls of the NSA's guidance as scanners number them.
    pub nsa: Vec<&'static str>,
    /// The level of the Pod Security Standards it belongs to, `""` for none.
    pub pss: &'static str,
}

/// How bad a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Good to mend when there is time.
    Low,
    /// To be mended.
    Medium,
    /// To be mended soon.
    High,
    /// To be mended now.
    Critical,
}

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Objects or manifests.
    Objects,
    /// All objects of a cluster: what is not there counts.
    Cluster,
    /// The control plane's static pods with their flags and files.
    ControlPlane,
    /// The kubelet's configuration.
    Kubelet,
    /// Facts of a host.
    Host,
    /// Kubeconfigs.
    Kubeconfig,
    /// An export of a cloud provider.
    Cloud,
    /// Image metadata, bills of materials, vulnerability reports.
    Images,
    /// An audit policy.
    AuditPolicy,
    /// Audit logs.
    AuditLog,
    /// A question to the cluster's own endpoint.
    Probe,
    /// What somebody has attested, with an end.
    Attestation,
    /// Access that somebody expects.
    Expectation,
}

/// What can be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fix {
    /// Nothing by a program.
    No,
    /// A patch that breaks no workload which keeps to the rules.
    Safe,
    /// A patch that somebody has to agree to.
    Offered,
    /// A new object or file.
    Generated,
    /// A command or a piece of configuration to be applied by hand.
    Command,
}

/// The part of a cluster that a check is about: the first part of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Area(pub &'static str);

const TABLES: &[&str] = &[
    include_str!("../catalogue/aud.tsv"),
    include_str!("../catalogue/cld.tsv"),
    include_str!("../catalogue/cod.tsv"),
    include_str!("../catalogue/cpl.tsv"),
    include_str!("../catalogue/hst.tsv"),
    include_str!("../catalogue/iam.tsv"),
    include_str!("../catalogue/img.tsv"),
    include_str!("../catalogue/net.tsv"),
    include_str!("../catalogue/pod.tsv"),
    include_str!("../catalogue/run.tsv"),
];

/// Every check, by name.
pub fn catalogue() -> &'static [Check] {
    static CATALOGUE: LazyLock<Vec<Check>> = LazyLock::new(|| {
        let mut checks: Vec<_> =
            TABLES.iter().flat_map(|t| t.lines().skip(1)).filter_map(Check::parse).collect();
        checks.sort_by_key(|check| check.id);
        checks
    });
    &CATALOGUE
}

/// The check of that name.
pub fn check(id: &str) -> Option<&'static Check> {
    let all = catalogue();
    all.binary_search_by_key(&id, |check| check.id).ok().and_then(|i| all.get(i))
}

impl Check {
    /// One row; a test makes sure that all of them can be read.
    fn parse(row: &'static str) -> Option<Self> {
        let columns: Vec<_> = row.split('\t').collect();
        let &[id, severity, inputs, fix, title_en, title_ko, remedy_en, remedy_ko, items, cis, nsa, pss] =
            columns.as_slice()
        else {
            return None;
        };
        let list = |text: &'static str| text.split(',').filter(|item| !item.is_empty()).collect::<Vec<_>>();
        Some(Self {
            id,
            severity: Severity::parse(severity)?,
            inputs: list(inputs).into_iter().map(Kind::parse).collect::<Option<_>>()?,
            fix: Fix::parse(fix)?,
            title: Words { en: title_en, ko: title_ko },
            remedy: Words { en: remedy_en, ko: remedy_ko },
            items: list(items),
            cis: list(cis),
            nsa: list(nsa),
            pss,
        })
    }

    /// The part of a cluster it is about.
    pub fn area(&self) -> Area {
        Area(self.id.split('-').next().unwrap_or(self.id))
    }
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }
}

impl Kind {
    /// The kind that a letter of the catalogue stands for.
    pub fn parse(letter: &str) -> Option<Self> {
        Some(match letter {
            "O" => Self::Objects,
            "L" => Self::Cluster,
            "S" => Self::ControlPlane,
            "K" => Self::Kubelet,
            "H" => Self::Host,
            "F" => Self::Kubeconfig,
            "C" => Self::Cloud,
            "I" => Self::Images,
            "P" => Self::AuditPolicy,
            "A" => Self::AuditLog,
            "R" => Self::Probe,
            "D" => Self::Attestation,
            "E" => Self::Expectation,
            _ => return None,
        })
    }

    /// What has to be given for it.
    pub fn words(self) -> Words {
        let (en, ko) = match self {
            Self::Objects => ("manifests or a cluster", "매니페스트나 클러스터"),
            Self::Cluster => ("all objects of a cluster", "클러스터의 모든 객체"),
            Self::ControlPlane => ("manifests of the control plane", "컨트롤 플레인 매니페스트"),
            Self::Kubelet => ("the kubelet's configuration", "kubelet 설정"),
            Self::Host => ("facts of the hosts", "호스트 정보"),
            Self::Kubeconfig => ("kubeconfigs", "kubeconfig"),
            Self::Cloud => ("an export of the cloud", "클라우드 내보내기"),
            Self::Images => ("image metadata and reports", "이미지 메타데이터와 보고서"),
            Self::AuditPolicy => ("the audit policy", "감사 정책"),
            Self::AuditLog => ("audit logs", "감사 로그"),
            Self::Probe => ("a probe of the endpoint", "엔드포인트 확인"),
            Self::Attestation => ("an attestation", "확인서"),
            Self::Expectation => ("the access that is expected", "기대하는 접근 권한"),
        };
        Words { en, ko }
    }
}

impl Fix {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "no" => Self::No,
            "safe" => Self::Safe,
            "opt" => Self::Offered,
            "gen" => Self::Generated,
            "cmd" => Self::Command,
            _ => return None,
        })
    }
}

impl Area {
    /// Its name in words.
    pub fn words(self) -> Words {
        let (en, ko) = match self.0 {
            "CPL" => ("Control plane", "컨트롤 플레인"),
            "HST" => ("Hosts", "호스트"),
            "IAM" => ("Identities and rights", "신원과 권한"),
            "POD" => ("Pods", "파드"),
            "RUN" => ("Container runtime", "컨테이너 런타임"),
            "NET" => ("Network", "네트워크"),
            "IMG" => ("Images", "이미지"),
            "AUD" => ("Audit and logs", "감사와 로그"),
            "CLD" => ("Cloud", "클라우드"),
            "COD" => ("Code", "코드"),
            other => (other, other),
        };
        Words { en, ko }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_can_be_read() {
        let rows = TABLES.iter().map(|t| t.lines().count() - 1).sum::<usize>();
        assert_eq!(catalogue().len(), rows);
        assert!(catalogue().is_sorted_by(|a, b| a.id < b.id));
        for check in catalogue() {
            for words in [check.title, check.remedy, check.area().words()] {
                assert!(!words.en.is_empty() && !words.ko.is_empty(), "{}", check.id);
            }
            assert!(!check.inputs.is_empty() && !check.items.is_empty(), "{}", check.id);
            assert_eq!(super::check(check.id), Some(check));
        }
    }
}
