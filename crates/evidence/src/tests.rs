use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;

use crate::{Cluster, ClusterError, Evidence, Limits, ProblemKind, Reader, Wanted, read};

/// What a text holds, a line each: `line#document kind name`, `line! problem`.
fn told(name: &str, text: &str) -> Vec<String> {
    told_within(name, text.as_bytes(), 1 << 20)
}

fn told_within(name: &str, text: &[u8], limit: usize) -> Vec<String> {
    let mut out = Vec::new();
    let _ = read(name, &mut Cursor::new(text), limit, &mut |found| {
        out.push(match found {
            crate::Found::Object(o, _) => {
                format!("{}#{} {} {}", o.origin.line, o.origin.document, o.kind(), o.name())
            }
            crate::Found::Problem(p) => format!("{}! {}", p.origin.line, p.text),
        });
        ControlFlow::Continue(())
    });
    out
}

const ROLE: &str = "apiVersion: v1\nkind: Role\nmetadata:\n  name: ";

#[test]
fn documents_know_their_lines() {
    let text = format!(
        "# a comment\n\n{ROLE}a\n---\n---\n# nothing\n---\n\n{ROLE}b\n...\n--- # c\n{ROLE}c\n--- {{apiVersion: v1, kind: Role, metadata: {{name: d}}}}\n"
    );
    assert_eq!(told("x.yaml", &text), ["3#1 Role a", "12#2 Role b", "18#3 Role c", "22#4 Role d"]);
}

#[test]
fn directives_belong_to_the_document_behind_them() {
    let text = format!("%YAML 1.1\n---\n{ROLE}a\n");
    assert_eq!(told("x.yaml", &text), ["3#1 Role a"]);
}

#[test]
fn items_of_a_list_know_their_lines() {
    let text = "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Role\n  metadata:\n    name: a\n  text: |\n    - no item\n# comment\n- apiVersion: v1\n  kind: Role\n  metadata: {name: b}\nkind: List\nmetadata: {}\n";
    assert_eq!(told("x.yaml", text), ["3#1 Role a", "10#1 Role b"]);
    let indented = "kind: RoleList\napiVersion: rbac.authorization.k8s.io/v1\nitems:\n\n  - metadata: {name: a}\n  - metadata:\n      name: b\n";
    assert_eq!(told("x.yaml", indented), ["5#1 Role a", "6#1 Role b"]);
    let late = "apiVersion: v1\nitems:\n- metadata: {name: a}\nkind: RoleList\n";
    assert_eq!(told("x.yaml", late), ["3#1 Role a"]);
    let braces = "{apiVersion: v1, kind: RoleList, items: [{metadata: {name: a}}, {metadata: {name: b}}]}\n";
    assert_eq!(told("x.yaml", braces), ["1#1 Role a", "1#1 Role b"]);
    let brackets =
        "kind: List\napiVersion: v1\nitems: [\n {apiVersion: v1, kind: Role, metadata: {name: a}}]\n";
    assert_eq!(told("x.yaml", brackets), ["1#1 Role a"]);
}

#[test]
fn kinds_whose_names_end_like_those_of_lists() {
    let named = "kind: BlockList\napiVersion: x/v1\nmetadata: {name: a}\n";
    for text in
        [named.to_owned(), format!("{named}items: []\n"), format!("- {}", named.replace('\n', "\n  "))]
    {
        assert_eq!(told("x", &text), ["1#1 BlockList a"], "{text}");
    }
    assert!(told("x", "kind: RoleList\napiVersion: v1\nmetadata: {resourceVersion: \"1\"}\n").is_empty());
}

#[test]
fn items_that_are_no_objects_stay_where_they_are() {
    let mut found = Vec::new();
    let text = "kind: Menu\napiVersion: x/v1\nitems:\n- soup\n- fish\nmetadata: {name: a}\n";
    let _ = read("x.yaml", &mut Cursor::new(text), 1 << 20, &mut |f| {
        found.push(f);
        ControlFlow::Continue(())
    });
    let [crate::Found::Object(menu, _)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(menu.value.array_at(&["items"]).len(), 2);
    assert_eq!((menu.group(), menu.kind(), menu.name()), ("x", "Menu", "a"));
}

#[test]
fn json_in_every_shape() {
    let one = r#"{"kind":"Role","apiVersion":"v1","metadata":{"name":"a","x":"}]\"{"}}"#;
    assert_eq!(told("x.json", one), ["1#1 Role a"]);
    assert_eq!(told("x", &format!("{one}\n{one}\n---\n{one}")), ["1#1 Role a", "2#2 Role a", "4#3 Role a"]);
    assert_eq!(told("x", &format!("[{one},\n{one}]")), ["1#1 Role a", "2#1 Role a"]);
    let list =
        format!("{{\n\"apiVersion\": \"v1\",\n\"items\": [\n{one},\n{one}\n],\n\"kind\": \"List\"\n}}");
    assert_eq!(told("x", &list), ["4#1 Role a", "5#1 Role a"]);
    let raw = "{\"kind\":\"RoleList\",\"apiVersion\":\"v1\",\"items\":[{\"metadata\":{\"name\":\"a\"}},\n{\"metadata\":{\"name\":\"b\"}}]}";
    assert_eq!(told("x", raw), ["1#1 Role a", "2#1 Role b"]);
    let nested = format!(
        r#"{{"kind":"List","apiVersion":"v1","items":[{{"kind":"List","apiVersion":"v1","items":[{one}]}}]}}"#
    );
    assert_eq!(told("x", &nested), ["1#1 Role a"]);
}

#[test]
fn what_is_broken_is_named_and_the_rest_is_read() {
    let text = format!("{ROLE}a\n---\n{ROLE}b\n  labels: [\n---\n{ROLE}c\n");
    let said = told("x.yaml", &text);
    assert_eq!([&said[0], &said[2]], ["1#1 Role a", "12#3 Role c"], "{said:?}");
    assert!(said[1].starts_with("11! not YAML: ") || said[1].starts_with("10! not YAML: "), "{said:?}");
    let items = "kind: List\napiVersion: v1\nitems:\n- kind: Role\n  apiVersion: v1\n  metadata: {name: a\n- kind: Role\n  apiVersion: v1\n  metadata: {name: b}\n";
    let said = told("x.yaml", items);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[1], "7#1 Role b");
    assert!(said[0].contains("! not YAML: did not find expected ',' or '}'"), "{said:?}");
    let json = "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[\n{\"kind\":\n tru}\n,{\"kind\":\"Role\",\"apiVersion\":\"v1\"}]}";
    assert_eq!(
        told("x.json", json),
        ["3! not JSON: invalid character '}' in literal true (expecting 'e')", "4#1 Role "]
    );
    assert_eq!(
        told("x.json", "{\"kind\":\"Role\",\n\"a\"")[0],
        "2! not JSON: a colon is missing behind the name of a member"
    );
    assert_eq!(told("x.yaml", "{{ if .Values.x }}\nkind: Role\n{{ end }}\n").len(), 1);
}

#[test]
fn what_is_no_object_is_said() {
    assert_eq!(told("values.yaml", "replicas: 3\n"), ["1! no apiVersion and kind: not a Kubernetes object"]);
    assert_eq!(
        told("x.yaml", "").len() + told("x.yaml", "# only\n---\n").len() + told("x.json", " ").len(),
        0
    );
    assert_eq!(told("x", "kind: List\napiVersion: v1\nitems: []\n").len(), 0);
}

#[test]
fn keys_that_stand_twice_are_told() {
    let said = told("x.yaml", "# c\nkind: Role\napiVersion: v1\nmetadata: {name: a}\nkind: Role\n");
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("5! ") && said[0].contains("already set"), "{said:?}");
}

#[test]
fn no_piece_is_larger_than_allowed() {
    let big = format!("{ROLE}a\nx: {}\n---\n{ROLE}b\n", "y".repeat(300_000));
    assert_eq!(
        told_within("x.yaml", big.as_bytes(), 1 << 17),
        ["1! more than 0 MiB in one piece; it is not read", "7#2 Role b"]
    );
    let item = r#"{"kind":"Role","apiVersion":"v1"}"#;
    let big = format!("[{{\"x\":\"{}\"}},{item}]", "y".repeat(300_000));
    assert_eq!(
        told_within("x", big.as_bytes(), 1 << 17),
        ["1! more than 0 MiB in one piece; it is not read", "1#1 Role "]
    );
    // A list may be as long as it likes.
    let long =
        format!("kind: List\napiVersion: v1\nitems:\n{}", "- kind: Role\n  apiVersion: v1\n".repeat(10_000));
    assert_eq!(told_within("x.yaml", long.as_bytes(), 1 << 17).len(), 10_000);
    let long =
        format!("{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}]}}", vec![item; 10_000].join(","));
    assert_eq!(told_within("x", long.as_bytes(), 1 << 17).len(), 10_000);
}

#[test]
fn other_encodings() {
    let wide = |text: &str| {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect::<Vec<u8>>()
    };
    assert_eq!(
        told_within("x.yaml", &wide(&format!("{ROLE}a\n---\n{ROLE}b\n")), 1 << 20),
        ["1#1 Role a", "6#2 Role b"]
    );
    assert_eq!(told("x.yaml", &format!("\u{feff}{ROLE}a\n")), ["1#1 Role a"]);
    assert!(told_within("x.yaml", b"\x00\x01\xff", 1 << 20)[0].contains("1! not YAML"));
}

fn evidence(wanted: Wanted, read: impl FnOnce(&mut Reader)) -> Evidence {
    let mut reader = Reader::new(wanted);
    read(&mut reader);
    reader.finish()
}

#[test]
fn directories_are_read_by_name_with_all_below() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("b/1.yml", &format!("{ROLE}b"));
    write("a.yaml", &format!("{ROLE}a"));
    write("c.json", r#"{"kind":"Pod","apiVersion":"v1"}"#);
    write("broken.yaml", "a: [\n");
    write("notes.txt", "text");
    write(".git/x.yaml", &format!("{ROLE}hidden"));
    std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("a.yaml"), dir.path().join("z.yaml")).unwrap();
    let found = evidence(Wanted::Kinds(vec![("", "Role")]), |r| r.path(dir.path()));
    let names: Vec<_> = found.objects.iter().map(|o| o.name()).collect();
    assert_eq!((names.as_slice(), found.passed_over), (&["a", "b"][..], 1), "a link is the file it leads to");
    assert_eq!(found.problems.len(), 1);
    assert!(!found.is_complete());
    assert!(found.problems[0].to_string().contains("broken.yaml:"), "{:?}", found.problems);
    let missing = evidence(Wanted::All, |r| r.path(Path::new("/no/such/file")));
    assert_eq!(missing.problems[0].to_string(), "/no/such/file: No such file or directory (os error 2)");
}

#[test]
fn links_to_what_is_passed_over_are_read() {
    // As the files of a ConfigMap are mounted.
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("..data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("a.yaml"), format!("{ROLE}a")).unwrap();
    std::os::unix::fs::symlink("..data/a.yaml", dir.path().join("a.yaml")).unwrap();
    let found = evidence(Wanted::All, |r| {
        r.path(dir.path());
        r.path(&dir.path().join("a.yaml"));
    });
    let from: Vec<_> = found.objects.iter().map(|o| o.origin.source.to_string()).collect();
    assert_eq!(from, [dir.path().join("a.yaml").display().to_string()]);
}

#[test]
fn patches_of_kustomizations_are_no_objects() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write(
        "kustomization.yaml",
        "patches: [{path: p.yaml}, {patch: x}]\npatchesStrategicMerge: [q.yaml, \"a: b\\nc: d\"]\nresources: [a.yaml]\n",
    );
    for name in ["a.yaml", "p.yaml", "q.yaml"] {
        write(name, &format!("{ROLE}{}", &name[..1]));
    }
    let found = evidence(Wanted::Kinds(vec![("", "Role")]), |r| r.path(dir.path()));
    assert_eq!(found.objects.iter().map(|o| o.name()).collect::<Vec<_>>(), ["a"]);
    let told = |name: &str| {
        let text =
            format!("{name}: a patch of {}, no object", dir.path().join("kustomization.yaml").display());
        found.problems.iter().any(|p| p.to_string().contains(&text))
    };
    assert!(told("p.yaml") && told("q.yaml") && found.is_complete(), "{:?}", found.problems);
}

#[test]
fn templates_are_told_once() {
    let text = b"{{- if .Values.a }}\na: b\n---\nkind: {{ .Values.kind }}\n---\nkind: Role\napiVersion: v1\n";
    let told = told_within("x.yaml", text, 1 << 20);
    let templates: Vec<_> = told.iter().filter(|line| line.contains("a template ({{ … }})")).collect();
    assert_eq!((templates.len(), told.len()), (1, 2), "{told:?}");
}

#[test]
fn bounds_hold_over_all_files() {
    let role = format!("{ROLE}a\n");
    let mut reader =
        Reader::new(Wanted::All).limited(Limits { total_bytes: 3 * role.len(), ..Limits::default() });
    reader.text("x", &mut Cursor::new([role.as_str(); 9].join("---\n")));
    let found = reader.finish();
    assert!((2..=3).contains(&found.objects.len()));
    assert_eq!((found.problems[0].kind, found.is_complete()), (ProblemKind::TooLarge, false));
}

struct Fake;

impl Cluster for Fake {
    fn address(&self) -> String {
        "https://cluster".into()
    }

    fn get(&mut self, path: &str) -> Result<api::Value, ClusterError> {
        let json = match path {
            "/apis" => {
                r#"{"groups":[{"name":"x.io","preferredVersion":{"version":"v2"}},{"name":"gone.io","preferredVersion":{"version":"v1"}}]}"#
            }
            "/api/v1" => {
                r#"{"resources":[{"name":"pods","kind":"Pod","verbs":["list"]},{"name":"pods/log","kind":"Pod","verbs":["get"]}]}"#
            }
            "/apis/x.io/v2" => {
                r#"{"resources":[{"name":"things","kind":"Thing","verbs":["list"]},{"name":"secrets","kind":"S","verbs":["list"]}]}"#
            }
            "/api/v1/pods?limit=500" => {
                r#"{"metadata":{"continue":"a=b"},"items":[{"metadata":{"name":"p1"}}]}"#
            }
            "/api/v1/pods?limit=500&continue=a%3Db" => {
                r#"{"metadata":{},"items":[{"metadata":{"name":"p2"}}]}"#
            }
            "/apis/x.io/v2/things?limit=500" => r#"{"items":[{"metadata":{"name":"t"}}]}"#,
            "/apis/x.io/v2/secrets?limit=500" => {
                return Err(ClusterError::Status { code: 403, message: "secrets is forbidden".into() });
            }
            _ => return Err(ClusterError::Status { code: 404, message: "not found".into() }),
        };
        Ok(codec::json::parse(json.as_bytes()).unwrap().value)
    }
}

#[test]
fn clusters_are_read_in_pages() {
    let found = evidence(Wanted::All, |r| r.cluster(&mut Fake));
    let shown: Vec<_> =
        found.objects.iter().map(|o| format!("{}/{} {}", o.group(), o.kind(), o.name())).collect();
    assert_eq!(shown, ["/Pod p1", "/Pod p2", "x.io/Thing t"]);
    assert_eq!(
        found.problems[0].to_string(),
        "https://cluster: /apis/x.io/v2/secrets: secrets is forbidden (status 403)"
    );
    let pods = evidence(Wanted::Kinds(vec![("", "Pod"), ("apps", "Deployment")]), |r| r.cluster(&mut Fake));
    assert_eq!((pods.objects.len(), pods.problems.len()), (2, 0));
}

#[test]
fn a_data_directory_is_read_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = store::Store::open(dir.path().join("store"), &store::EmbeddedOptions::default()).unwrap();
    let pod = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"n"}}"#;
    let draft =
        store::Draft::new(store::Head::default(), pod, pod.find(r#","namespace""#).unwrap(), 0).unwrap();
    let key = store::Key::new(&store::Resource::new("", "pods"), "n", "p");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.put(key, store::Condition::Absent, draft)).unwrap();
    let locked = evidence(Wanted::All, |r| r.data_dir(dir.path()));
    assert!(locked.problems[0].text.contains("in use by a running server"), "{:?}", locked.problems);
    runtime.block_on(store.close());
    drop(store);
    let before = listing(dir.path());
    let found = evidence(Wanted::All, |r| r.data_dir(dir.path()));
    assert_eq!(found.problems, []);
    assert_eq!(found.objects[0].name(), "p");
    assert_eq!(evidence(Wanted::Kinds(vec![("", "Role")]), |r| r.data_dir(dir.path())).objects, []);
    assert_eq!(listing(dir.path()), before);
    let none = evidence(Wanted::All, |r| r.data_dir(&dir.path().join("store/none")));
    assert!(none.problems[0].text.contains("no data directory"), "{:?}", none.problems);
}

fn listing(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(dir.join("store")).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = entries.map(|p| (p.display().to_string(), std::fs::read(&p).unwrap())).collect();
    files.sort();
    files
}
