//! The ingress controller of the Kubernetes project: known holes, and pieces of configuration in annotations.

use api::Value;
use api::time::Timestamp;
use evidence::Object;

use crate::finding::Status;
use crate::image::Image;
use crate::scan::Scan;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["NET-016"];

const ID: &str = "NET-016";

/// Names of the controller's images, from a separator on.
const IMAGES: [&str; 3] =
    ["ingress-nginx/controller", "nginx-ingress-controller", "ingress-nginx-controller"];

/// Makers of other controllers whose images are called alike.
const OTHERS: [&str; 2] = ["nginxinc/", "bitnami/nginx-ingress-controller"];

/// Minor releases of the line 1, and the first patch of each without a known way to run code in the controller
/// (CVE-2026-4342; CVE-2026-24512 and CVE-2026-3288 were mended before); older lines never got one.  From the records
/// of cve.org and vuln.go.dev and the project's change logs, of August 2026.
const MENDED: [(u32, u32); 3] = [(13, 9), (14, 5), (15, 1)];

/// The first patches without the hole that anybody in the pod network could use (CVE-2025-1974).
const NIGHTMARE: [(u32, u32); 2] = [(11, 5), (12, 1)];

/// The day on which the project ended (kubernetes.io/blog, 11 November 2025: maintained until March 2026).
const ENDED: &str = "2026-03-31";

const NIGHTMARE_OPEN: Words = words(
    "{} lets anybody in the pod network run code in it and read every Secret (CVE-2025-1974)",
    "{}은(는) 파드 네트워크의 누구나 컨트롤러에서 코드를 실행하고 시크릿을 읽을 수 있음 (CVE-2025-1974)",
);
const OPEN: Words = words(
    "{} lets whoever writes an Ingress run code in it (CVE-2026-4342)",
    "{}은(는) Ingress를 쓸 수 있는 사람이 컨트롤러에서 코드를 실행할 수 있음 (CVE-2026-4342)",
);
const RETIRED: Words = words(
    "{} gets no more fixes: the project ended on {}",
    "{}은(는) {}에 프로젝트가 끝나 더 이상 수정되지 않음",
);
const NO_VERSION: Words = words("{} does not say which version it is", "{}에서 버전을 알 수 없음");
const SNIPPET: Words =
    words("it puts configuration of its own into the controller", "컨트롤러에 자체 설정을 넣음");
const BAD_SNIPPET: Words = words(
    "it puts `{}` into the controller's configuration, by which files and Secrets of the controller can be read (CVE-2021-25742)",
    "컨트롤러 설정에 `{}`을(를) 넣어 컨트롤러의 파일과 시크릿을 읽을 수 있음 (CVE-2021-25742)",
);
const ALLOWED: Words = words(
    "whoever writes an Ingress may put configuration into the controller",
    "Ingress를 쓸 수 있는 사람이 컨트롤러 설정을 넣을 수 있음",
);

/// Directives by which a snippet reaches out of its place.
const REACHING: [&str; 8] =
    ["alias", "root", "lua_", "_by_lua", "load_module", "include", "proxy_pass", "serviceaccount"];

const ANNOTATIONS: [&str; 2] = ["nginx.ingress.kubernetes.io/", "nginx.org/"];

pub(super) fn run(scan: &mut Scan<'_>) {
    for workload in scan.workloads.0.clone() {
        for container in workload.containers() {
            let reference = container.value.str_at(&["image"]);
            let Some(image) = Image::parse(reference).filter(is_controller) else { continue };
            scan.examine(ID);
            let field = workload.field(&container.field("image"));
            version(scan, workload.object, field, &image, reference);
        }
    }
    let input = scan.input;
    for ingress in input.objects.of_kind("networking.k8s.io", "Ingress") {
        scan.examine(ID);
        snippets(scan, ingress);
    }
    for map in input.objects.of_kind("", "ConfigMap") {
        let allows = map.value.at(&["data"]).get("allow-snippet-annotations").and_then(Value::as_str);
        if let Some(allows) = allows {
            scan.examine(ID);
            if allows == "true" {
                let field = "data[allow-snippet-annotations]".to_owned();
                scan.find(ID, Status::Warn, map, field, ALLOWED.plain());
            }
        }
    }
}

fn is_controller(image: &Image<'_>) -> bool {
    let name = image.name();
    let ends = |known: &&str| name.strip_suffix(known).is_some_and(|before| before.ends_with('/'));
    IMAGES.iter().any(ends) && !OTHERS.iter().any(|other| name.contains(other))
}

fn version(scan: &mut Scan<'_>, object: &Object, field: String, image: &Image<'_>, reference: &str) {
    let Some((major, minor, patch)) = image.tag.and_then(numbers) else {
        return scan.find(ID, Status::Warn, object, field, NO_VERSION.with([reference]));
    };
    let since = |table: &[(u32, u32)]| {
        let line = table.iter().find(|(line, _)| *line == minor);
        let newest = table.last().is_some_and(|(newest, _)| minor > *newest);
        major > 1 || (major == 1 && (newest || line.is_some_and(|(_, mended)| patch >= *mended)))
    };
    let ended = Timestamp::parse(&format!("{ENDED}T23:59:59Z")).is_ok_and(|end| scan.settings.now > end);
    let (status, reason) = if !since(&NIGHTMARE) {
        (Status::Fail, NIGHTMARE_OPEN.with([reference]))
    } else if !since(&MENDED) {
        (Status::Fail, OPEN.with([reference]))
    } else if ended {
        (Status::Warn, RETIRED.with([reference, ENDED]))
    } else {
        return;
    };
    scan.find(ID, status, object, field, reason);
}

/// `v1.11.5`, `1.11.5-hardened1`.
fn numbers(tag: &str) -> Option<(u32, u32, u32)> {
    let tag = tag.trim_start_matches(['v', 'V']);
    let mut parts = tag.split(['.', '-', '_', '+']).map(str::parse::<u32>);
    Some((parts.next()?.ok()?, parts.next()?.ok()?, parts.next().and_then(Result::ok).unwrap_or(0)))
}

fn snippets(scan: &mut Scan<'_>, ingress: &Object) {
    let annotations = ingress.value.at(&["metadata", "annotations"]).as_object();
    for (key, value) in annotations.into_iter().flat_map(api::Map::iter) {
        let name = ANNOTATIONS.iter().find_map(|start| key.strip_prefix(start));
        let text = value.as_str().unwrap_or("");
        if !name.is_some_and(|n| n.ends_with("-snippet") || n.ends_with("-snippets"))
            || text.trim().is_empty()
        {
            continue;
        }
        let field = format!("metadata.annotations[{key}]");
        match REACHING.iter().find(|word| has_word(text, word)) {
            Some(word) => scan.find(ID, Status::Fail, ingress, field, BAD_SNIPPET.with([word])),
            None => scan.find(ID, Status::Warn, ingress, field, SNIPPET.plain()),
        }
    }
}

/// True when a directive is so called; a `_` at one end stands for the rest of a name there.
fn has_word(text: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.to_ascii_lowercase().split(|c| !is_name(c)).any(|name| {
        match (word.strip_prefix('_'), word.strip_suffix('_')) {
            (Some(_), _) => name.contains(word),
            (_, Some(_)) => name.starts_with(word),
            _ => name == word,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_words() {
        assert!(has_word("location / { root /etc; }", "root") && !has_word("set $rooted 1;", "root"));
        assert!(
            has_word("content_by_lua_block {}", "_by_lua") && has_word("lua_need_request_body on;", "lua_")
        );
        assert!(has_word("alias /var/run/secrets/kubernetes.io/serviceaccount/;", "serviceaccount"));
        assert!(!has_word("more_set_headers 'X: y';", "alias"));
    }

    #[test]
    fn tags() {
        assert_eq!(numbers("v1.11.5"), Some((1, 11, 5)));
        assert_eq!(numbers("nginx-1.12.1"), None);
        assert_eq!(numbers("1.12.1-hardened1"), Some((1, 12, 1)));
    }
}
