//! Whom kube-proxy tells its metrics.

use std::net::IpAddr;

use crate::finding::Status;
use crate::scan::Scan;
use crate::sources::proxy::Proxy;
use crate::words::{Words, words};

pub(super) const IDS: &[&str] = &["HST-066"];

const EVERYBODY: Words = words(
    "whoever reaches the node may read metrics and settings at {}",
    "노드에 접근하는 누구나 {}에서 메트릭과 설정을 볼 수 있음",
);
const NOT_READ: Words = words(
    "the file of kube-proxy on {} was not given; the ConfigMap kube-system/kube-proxy would do",
    "{}의 kube-proxy 설정 파일이 주어지지 않음. kube-system/kube-proxy ConfigMap으로도 확인할 수 있음",
);

pub(super) fn run(scan: &mut Scan<'_>) {
    let proxies = Proxy::all(scan.input);
    // What one cannot tell, another one with the same file may.
    let told = proxies.iter().any(|proxy| proxy.host.is_none());
    for proxy in proxies {
        match proxy.metrics {
            Some((field, address)) => {
                scan.examine("HST-066");
                if !is_loopback(&address) {
                    let reason = EVERYBODY.with([&address]);
                    scan.find("HST-066", Status::Fail, proxy.place, field.to_owned(), reason);
                }
            }
            None if told => {}
            None => {
                let host = proxy.host.as_ref().map_or("", |host| host.name());
                scan.lack("HST-066", NOT_READ.with([host]));
            }
        }
    }
}

/// An address, with or without a port; none at all is the default, which only the node itself reaches.
fn is_loopback(address: &str) -> bool {
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    let host = match (bare.parse::<IpAddr>(), address.rsplit_once(':')) {
        (Err(_), Some((host, _))) => host.trim_start_matches('[').trim_end_matches(']'),
        _ => bare,
    };
    address.is_empty() || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn addresses_of_the_node_itself() {
        for good in ["", "127.0.0.1", "127.0.0.1:10249", "[::1]:10249", "::1", "localhost:10249"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in ["0.0.0.0:10249", ":10249", "[::]:10249", "::", "10.0.0.1", "0.0.0.0"] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
