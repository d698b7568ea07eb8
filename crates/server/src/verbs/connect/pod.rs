//! What connections ask a pod for.

use api::{ApiError, Value};

/// A pod as it is stored.
#[derive(Debug)]
pub(super) struct Pod(pub(super) Value);

impl Pod {
    fn name(&self) -> &str {
        self.0.str_at(&["metadata", "name"])
    }

    /// The node it runs on.
    pub(super) fn node(&self) -> Option<&str> {
        Some(self.0.str_at(&["spec", "nodeName"])).filter(|node| !node.is_empty())
    }

    /// Its addresses, the best first.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.0.array_at(&["status", "podIPs"]).iter().map(|ip| ip.str_at(&["ip"]))
    }

    /// The first port that one of its containers tells.
    pub(super) fn first_port(&self) -> Option<i64> {
        let mut containers = self.0.array_at(&["spec", "containers"]).iter();
        containers
            .find_map(|c| c.array_at(&["ports"]).first())
            .and_then(|p| p.at(&["containerPort"]).as_i64())
    }

    fn containers(&self, list: &str) -> impl Iterator<Item = &str> {
        self.0.array_at(&["spec", list]).iter().map(|c| c.str_at(&["name"]))
    }

    /// The container that is asked for; it can be left out when there is one.
    ///
    /// # Errors
    /// 400 for one that is not there, and for none when there are more.
    pub(super) fn container<'a>(&'a self, asked: &'a str) -> Result<&'a str, ApiError> {
        let lists = ["initContainers", "containers", "ephemeralContainers"];
        let mut all = lists.iter().flat_map(|list| self.containers(list));
        let mut main = self.containers("containers");
        let name = self.name();
        let error = match (asked, main.next(), main.next()) {
            ("", Some(only), None) => return Ok(only),
            ("", None, _) => format!("a container name must be specified for pod {name}"),
            ("", ..) => {
                let names = all.collect::<Vec<_>>().join(" ");
                format!("a container name must be specified for pod {name}, choose one of: [{names}]")
            }
            (asked, ..) if all.any(|n| n == asked) => return Ok(asked),
            (asked, ..) => format!("container {asked} is not valid for pod {name}"),
        };
        Err(ApiError::bad_request(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(spec: &str) -> Pod {
        let text = format!("{{\"metadata\":{{\"name\":\"p\"}},\"spec\":{spec}}}");
        Pod(codec::json::parse(text.as_bytes()).unwrap().value)
    }

    #[test]
    fn containers_are_found_by_name() {
        let one = pod(r#"{"containers":[{"name":"a"}],"initContainers":[{"name":"i"}]}"#);
        let two = pod(r#"{"containers":[{"name":"a"},{"name":"b"}],"ephemeralContainers":[{"name":"e"}]}"#);
        let cases = [
            (&one, "", Ok("a")),
            (&one, "i", Ok("i")),
            (&two, "e", Ok("e")),
            (&two, "", Err("a container name must be specified for pod p, choose one of: [a b e]")),
            (&one, "x", Err("container x is not valid for pod p")),
            (&pod("{}"), "", Err("a container name must be specified for pod p")),
        ];
        for (pod, asked, expected) in cases {
            let found = pod.container(asked).map_err(|e| e.message);
            assert_eq!(found.as_ref().map(|n| *n).map_err(String::as_str), expected, "{asked}");
        }
    }

    #[test]
    fn the_first_port_is_that_of_the_first_container_that_has_one() {
        let spec = r#"{"containers":[{"name":"a"},{"name":"b","ports":[{"containerPort":81},{"containerPort":82}]}]}"#;
        assert_eq!(pod(spec).first_port(), Some(81));
        assert_eq!(pod(r#"{"containers":[{"name":"a"}]}"#).first_port(), None);
    }
}
