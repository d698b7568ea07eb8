//! Results of a checker of hosts, such as Naver Cloud's System Security Checker, as a table or as JSON.
//!
//! Entry point: [`results`].  There is no published schema: columns are known by their names, English or Korean.

use std::collections::BTreeMap;

use api::Value;
use api::time::Timestamp;
use evidence::{Problem, ProblemKind};

use crate::catalogue::{Kind, Severity};
use crate::document::Document;
use crate::input::Input;
use crate::when::moment;

/// One item of a check of one host.
#[derive(Clone, Debug)]
pub(crate) struct Item<'a> {
    pub document: &'a Document,
    pub host: &'a str,
    pub id: &'a str,
    pub title: &'a str,
    pub severity: Severity,
    pub result: Outcome,
    /// What the checker says.
    pub said: &'a str,
    pub taken: Option<Timestamp>,
}

/// How an item came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Good,
    Bad,
    /// Not about this host.
    Nothing,
    /// A person has to look, or the word is not known.
    Open,
}

/// What columns tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Host,
    Id,
    Title,
    Severity,
    Result,
    Time,
}

/// Names of columns, without spaces and in small letters.
const COLUMNS: &[(Column, &[&str])] = &[
    (
        Column::Host,
        &[
            "host",
            "hostname",
            "server",
            "servername",
            "instance",
            "instancename",
            "서버",
            "서버명",
            "호스트",
            "호스트명",
            "인스턴스",
            "인스턴스명",
            "대상",
        ],
    ),
    (
        Column::Id,
        &[
            "id",
            "code",
            "no",
            "itemid",
            "itemcode",
            "checkid",
            "항목코드",
            "점검코드",
            "코드",
            "번호",
            "진단코드",
        ],
    ),
    (
        Column::Title,
        &[
            "title",
            "item",
            "itemname",
            "check",
            "checkitem",
            "name",
            "description",
            "점검항목",
            "진단항목",
            "항목",
            "항목명",
            "점검내용",
        ],
    ),
    (
        Column::Severity,
        &[
            "severity",
            "risk",
            "risklevel",
            "level",
            "importance",
            "위험도",
            "중요도",
            "등급",
            "위험등급",
            "심각도",
        ],
    ),
    (
        Column::Result,
        &["result", "status", "checkresult", "state", "결과", "점검결과", "진단결과", "상태", "진단상태"],
    ),
    (
        Column::Time,
        &[
            "date",
            "time",
            "checkedat",
            "checkdate",
            "checktime",
            "scannedat",
            "scandate",
            "점검일",
            "점검일시",
            "진단일",
            "진단일시",
            "검사일",
            "검사일시",
            "점검시간",
        ],
    ),
];

/// Words of results.
const RESULTS: &[(Outcome, &[&str])] = &[
    (
        Outcome::Bad,
        &[
            "취약",
            "미흡",
            "불량",
            "위험",
            "fail",
            "failed",
            "bad",
            "vulnerable",
            "vuln",
            "weak",
            "unsafe",
            "open",
            "warning",
        ],
    ),
    (
        Outcome::Good,
        &[
            "양호",
            "안전",
            "정상",
            "조치완료",
            "pass",
            "passed",
            "good",
            "ok",
            "safe",
            "secure",
            "fixed",
            "closed",
        ],
    ),
    (Outcome::Nothing, &["해당없음", "n/a", "na", "notapplicable", "skip", "skipped"]),
];

/// Words of severities.
const SEVERITIES: &[(Severity, &[&str])] = &[
    (Severity::Critical, &["critical", "심각", "매우높음"]),
    (Severity::High, &["high", "h", "상", "높음", "고"]),
    (Severity::Medium, &["medium", "m", "중", "중간", "보통"]),
    (Severity::Low, &["low", "l", "하", "낮음", "저"]),
    (Severity::Info, &["info", "information", "informational", "정보"]),
];

/// Members of an object that may hold the list.
const LISTS: [&str; 7] = ["results", "items", "checks", "data", "content", "list", "rows"];

/// So many lines may stand above the names of columns.
const PREFACE: usize = 20;

/// Every item of every host: of each host those of its newest check.
pub(crate) fn results(input: &Input) -> Vec<Item<'_>> {
    let all: Vec<Item<'_>> = documents(input).flat_map(items).collect();
    let mut newest: BTreeMap<&str, Option<Timestamp>> = BTreeMap::new();
    for item in &all {
        let known = newest.entry(item.host).or_insert(item.taken);
        *known = (*known).max(item.taken);
    }
    all.into_iter().filter(|item| newest.get(item.host) == Some(&item.taken)).collect()
}

/// True for a table, or a list of objects, with columns for what was checked and how it came out.
pub(super) fn fits(value: &Value) -> bool {
    if let Some((columns, ..)) = table(value) {
        return is_enough(&columns);
    }
    list(value)
        .first()
        .and_then(Value::as_object)
        .is_some_and(|first| is_enough(&first.keys().filter_map(column).map(|column| (column, 0)).collect()))
}

/// Tables without the columns that are needed.
pub(super) fn problems(input: &Input) -> Vec<Problem> {
    let wrong = input
        .of_kind(Kind::Attestation)
        .filter(|document| is_table(&document.value) && !fits(&document.value));
    let told = wrong.map(|document| Problem {
        origin: document.origin.clone(),
        kind: ProblemKind::Broken,
        text: "a table without columns for the item and its result, such as title and result".to_owned(),
    });
    told.collect()
}

/// True for what was read of CSV.
pub(super) fn is_table(value: &Value) -> bool {
    value.as_array().is_some_and(|rows| !rows.is_empty() && rows.iter().all(|row| row.as_array().is_some()))
}

fn documents(input: &Input) -> impl Iterator<Item = &Document> {
    input.of_kind(Kind::Attestation).filter(|document| fits(&document.value))
}

type Columns = BTreeMap<Column, usize>;

fn is_enough(columns: &Columns) -> bool {
    let has = |column| columns.contains_key(&column);
    has(Column::Result) && (has(Column::Title) || has(Column::Id))
}

/// The column of that name.
fn column(name: &str) -> Option<Column> {
    let plain = plain(name);
    COLUMNS.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(column, _)| *column)
}

/// Without spaces and the like, in small letters.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '(' | ')'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The columns of a table, the row with their names, and what stands above it.
fn table(value: &Value) -> Option<(Columns, &[Value], &[Value])> {
    let rows = value.as_array().filter(|_| is_table(value))?;
    for (i, row) in rows.iter().take(PREFACE).enumerate() {
        let mut columns = Columns::new();
        for (j, name) in row.array_at(&[]).iter().enumerate() {
            if let Some(column) = name.as_str().and_then(column) {
                columns.entry(column).or_insert(j);
            }
        }
        if is_enough(&columns) {
            return Some((columns, rows.get(..i)?, rows.get(i + 1..)?));
        }
    }
    None
}

fn list(value: &Value) -> &[Value] {
    let inner = || LISTS.iter().find_map(|name| value.get(name)?.as_array());
    value.as_array().or_else(inner).unwrap_or(&[])
}

fn items(document: &Document) -> Vec<Item<'_>> {
    if let Some((columns, above, rows)) = table(&document.value) {
        let whole = preface(above);
        let item = |row| {
            let cell = |column| columns.get(&column).and_then(|i| text(row, *i)).unwrap_or("");
            item(document, cell, whole)
        };
        return rows.iter().map(item).collect();
    }
    let whole = document.value.as_object().into_iter().flat_map(|map| map.iter());
    let whole =
        whole.filter(|(name, _)| column(name) == Some(Column::Time)).find_map(|(_, v)| moment(v.as_str()?));
    let item = |row| {
        let cell = |wanted| member(row, wanted).unwrap_or("");
        item(document, cell, whole)
    };
    list(&document.value).iter().map(item).collect()
}

fn text(row: &Value, i: usize) -> Option<&str> {
    row.as_array()?.get(i)?.as_str()
}

fn member(row: &Value, wanted: Column) -> Option<&str> {
    row.as_object()?.iter().find(|(name, _)| column(name) == Some(wanted))?.1.as_str()
}

/// A time above the table: `점검일시,2026-06-01`.
fn preface(rows: &[Value]) -> Option<Timestamp> {
    let is_time = |row: &&Value| text(row, 0).and_then(column) == Some(Column::Time);
    rows.iter().filter(is_time).find_map(|row| moment(text(row, 1)?))
}

fn item<'a>(document: &'a Document, cell: impl Fn(Column) -> &'a str, whole: Option<Timestamp>) -> Item<'a> {
    let said = cell(Column::Result);
    let result = word(RESULTS, said).unwrap_or(Outcome::Open);
    Item {
        document,
        host: cell(Column::Host),
        id: cell(Column::Id),
        title: cell(Column::Title),
        // What nobody has weighed is not taken lightly.
        severity: word(SEVERITIES, cell(Column::Severity)).unwrap_or(Severity::High),
        result,
        said,
        taken: moment(cell(Column::Time)).or(whole),
    }
}

fn word<T: Copy>(words: &[(T, &[&str])], said: &str) -> Option<T> {
    let said = plain(said);
    words.iter().find(|(_, known)| known.contains(&said.as_str())).map(|(meaning, _)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, text: &str) -> Vec<String> {
        let documents = Document::parse(Kind::Attestation, name, text.as_bytes()).unwrap();
        let input = Input { documents, ..Input::default() };
        assert!(problems(&input).is_empty());
        let show = |i: &Item<'_>| {
            let day = i.taken.map_or_else(String::new, crate::when::day);
            format!("{} {} {} {:?} {day}", i.host, i.id, i.severity.name(), i.result)
        };
        results(&input).iter().map(show).collect()
    }

    #[test]
    fn tables_in_korean_and_json_in_english() {
        let table = "System Security Checker\n점검일시,2026-06-01 10:00\n서버명,항목 코드,점검 항목,위험도,점검 결과\nw1,U-01,root 원격 접속 제한,상,취약\nw1,U-02,\"비밀번호, 길이\",중,양호\n";
        assert_eq!(
            shown("ssc.csv", table),
            ["w1 U-01 high Bad 2026-06-01", "w1 U-02 medium Good 2026-06-01"]
        );
        let json = r#"{"checkedAt": "2026-06-02", "results": [{"hostName": "w2", "id": "U-01", "title": "x", "status": "N/A", "risk": "Low"}, {"host": "w2", "title": "y", "result": "수동점검"}]}"#;
        assert_eq!(shown("ssc.json", json), ["w2 U-01 low Nothing 2026-06-02", "w2  high Open 2026-06-02"]);
    }

    #[test]
    fn the_newest_check_of_a_host_counts() {
        let table = "host,title,result,date\na,x,fail,2026-05-01\na,x,pass,2026-06-01\nb,x,fail,2026-05-01\n";
        assert_eq!(shown("a.csv", table), ["a  high Good 2026-06-01", "b  high Bad 2026-05-01"]);
    }

    #[test]
    fn other_tables_are_told() {
        let documents = Document::parse(Kind::Attestation, "a.csv", b"a,b\n1,2\n").unwrap();
        let input = Input { documents, ..Input::default() };
        assert_eq!(problems(&input).len(), 1);
        assert!(!fits(&Value::object()));
    }
}
