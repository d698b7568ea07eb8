//! Guidelines and their items: which checks decide what.
//!
//! Entry points: [`Framework`], [`items`].

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::catalogue::{Check, catalogue};
use crate::words::Words;

/// A guideline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Framework {
    /// The CIS Kubernetes Benchmark, 1.12 and 2.0.1.
    Cis,
    /// The NSA's and CISA's guidance on hardening, numbered as scanners do.
    Nsa,
    /// The Pod Security Standards.
    Pss,
    /// Kubernetes' documentation: controlling access to the API, and the 4C's of security.
    FourC,
    /// Naver Cloud's Kubernetes security guideline.
    Ncp,
}

/// An item of a guideline, and the checks that decide it.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its number there, or the name of a level.
    pub id: &'static str,
    /// What it is about, in our words; `None` where the guideline has a text of its own.
    pub title: Option<Words>,
    /// What decides it, by name.
    pub checks: Vec<&'static Check>,
}

const TITLES: &str = include_str!("../catalogue/items.tsv");

impl Framework {
    /// Every guideline.
    pub const ALL: [Self; 5] = [Self::Cis, Self::Nsa, Self::Pss, Self::FourC, Self::Ncp];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cis => "cis",
            Self::Nsa => "nsa",
            Self::Pss => "pss",
            Self::FourC => "4c",
            Self::Ncp => "ncp",
        }
    }

    /// The guideline of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|framework| framework.name() == name)
    }

    /// Its name for people.
    pub fn title(self) -> Words {
        let (en, ko) = match self {
            Self::Cis => ("CIS Kubernetes Benchmark", "CIS 쿠버네티스 벤치마크"),
            Self::Nsa => ("NSA/CISA Kubernetes hardening guidance", "NSA/CISA 쿠버네티스 강화 지침"),
            Self::Pss => ("Pod Security Standards", "파드 보안 표준"),
            Self::FourC => {
                ("Kubernetes documentation: access and the 4C's", "쿠버네티스 문서: 접근 제어와 4C")
            }
            Self::Ncp => {
                ("Naver Cloud Kubernetes security guideline", "네이버 클라우드 쿠버네티스 보안 가이드")
            }
        };
        Words { en, ko }
    }

    /// The items of this guideline that a check decides.
    pub fn items_of(self, check: &'static Check) -> Vec<&'static str> {
        let of_document =
            |letter: char| check.items.iter().copied().filter(|i| i.starts_with(letter)).collect();
        match self {
            Self::Cis => check.cis.clone(),
            Self::Nsa => check.nsa.clone(),
            Self::Pss => Some(check.pss).filter(|level| !level.is_empty()).into_iter().collect(),
            Self::FourC => of_document('A'),
            Self::Ncp => of_document('B'),
        }
    }
}

/// Every item of a guideline that a check decides, and those of the two documents whether or not one does; in the
/// guideline's order.
pub fn items(framework: Framework) -> Vec<Item> {
    let mut items: BTreeMap<Vec<Part<'static>>, Item> = BTreeMap::new();
    let letter = match framework {
        Framework::FourC => Some('A'),
        Framework::Ncp => Some('B'),
        _ => None,
    };
    for (id, title) in titles().iter().filter(|(id, _)| letter.is_some_and(|letter| id.starts_with(letter))) {
        items.insert(order(id), Item { id, title: Some(*title), checks: Vec::new() });
    }
    for check in catalogue() {
        for id in framework.items_of(check) {
            let item = items.entry(order(id)).or_insert_with(|| Item { id, title: None, checks: Vec::new() });
            item.checks.push(check);
        }
    }
    items.into_values().collect()
}

fn titles() -> &'static [(&'static str, Words)] {
    static ALL: LazyLock<Vec<(&'static str, Words)>> = LazyLock::new(|| {
        let rows = TITLES.lines().skip(1).map(|row| row.split('\t').collect::<Vec<_>>());
        let read = |columns: Vec<&'static str>| match columns.as_slice() {
            &[id, en, ko] => Some((id, Words { en, ko })),
            _ => None,
        };
        rows.filter_map(read).collect()
    });
    &ALL
}

/// Numbers sort as numbers: 1.2.9 before 1.2.10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Number(u64),
    Text(&'a str),
}

fn order(id: &str) -> Vec<Part<'_>> {
    let parts = id.split('.').flat_map(|part| {
        let digits = part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len());
        [part.get(..digits), part.get(digits..)].into_iter().flatten().filter(|p| !p.is_empty())
    });
    parts.map(|part| part.parse().map_or(Part::Text(part), Part::Number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_of_the_documents_has_a_title() {
        assert_eq!(titles().len(), TITLES.lines().count() - 1);
        let known: Vec<_> = titles().iter().map(|(id, _)| *id).collect();
        for check in catalogue() {
            let unknown: Vec<_> = check.items.iter().filter(|item| !known.contains(item)).collect();
            assert!(unknown.is_empty(), "{}: {unknown:?}", check.id);
        }
    }

    #[test]
    fn items_are_in_the_order_of_the_guideline() {
        let mut ids = ["1.2.10", "1.2.9", "4.1.1", "1.10", "2"];
        ids.sort_by_key(|id| order(id));
        assert_eq!(ids, ["1.2.9", "1.2.10", "1.10", "2", "4.1.1"]);
        let cis: Vec<_> = items(Framework::Cis).iter().map(|item| item.id).collect();
        assert!(cis.is_sorted_by_key(|id| order(id)) && cis.contains(&"5.2.2"), "{cis:?}");
        let nsa: Vec<_> = items(Framework::Nsa).iter().map(|item| item.id).collect();
        assert_eq!((cis.len(), nsa.len()), (131, 27), "every item, and nothing else");
        let is_number = |id: &&str| id.split('.').all(|part| part.parse::<u8>().is_ok());
        assert!(cis.iter().chain(&nsa).all(is_number), "{cis:?} {nsa:?}");
    }
}
