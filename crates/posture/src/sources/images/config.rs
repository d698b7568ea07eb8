//! Configuration of images: OCI's, and what `docker inspect` and `skopeo inspect` tell of it.
//!
//! An OCI configuration does not say which image it is of: `{"image": "…", "config": …}` does.

use api::Value;
use api::time::Timestamp;
use evidence::Origin;

use super::{Facts, Images, texts};
use crate::when::moment;

/// The configuration of an image.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config<'a> {
    /// Who runs it, `""` for root; `None` when that is not told.
    pub user: Option<&'a str>,
    /// `NAME=value`.
    pub env: Vec<&'a str>,
    /// What each layer was made by.
    pub history: Vec<&'a str>,
    pub labels: Vec<(&'a str, &'a str)>,
    /// When it was made; builds that are to come out alike say 1970 or nothing.
    pub created: Option<Timestamp>,
}

/// Times before this are no times: 1 January 2000.
const EARLIEST: i64 = 946_684_800;

impl<'a> Config<'a> {
    /// An OCI configuration; `None` for anything else.
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        let config = inner(value);
        config.as_object()?;
        // Tools write an empty one for what is no image.
        let is_empty = |name: &str| value.get(name).is_some_and(|v| v.as_str() == Some(""));
        if is_empty("architecture") && is_empty("os") {
            return None;
        }
        let created = ["created", "Created"].iter().find_map(|name| moment(value.str_at(&[name])));
        let labels = config.at(&["Labels"]).as_object();
        Some(Self {
            user: Some(config.str_at(&["User"])),
            env: texts(config, &["Env"]).collect(),
            history: value.array_at(&["history"]).iter().map(|layer| layer.str_at(&["created_by"])).collect(),
            labels: labels
                .into_iter()
                .flat_map(|l| l.iter())
                .filter_map(|(k, v)| Some((k, v.as_str()?)))
                .collect(),
            created: created.filter(|time| time.seconds() > EARLIEST),
        })
    }
}

/// `config` in OCI's words, `Config` in Docker's.
fn inner(value: &Value) -> &Value {
    if value.at(&["config"]).is_null() { value.at(&["Config"]) } else { value.at(&["config"]) }
}

pub(super) fn fits(value: &Value) -> bool {
    let value = wrapped(value).map_or(value, |(_, config)| config);
    let has = |name: &str| value.get(name).is_some();
    let oci = inner(value).as_object().is_some()
        && (has("rootfs") || has("RootFS") || has("history") || has("architecture"));
    oci || is_skopeo(value)
}

pub(super) fn read<'a>(value: &'a Value, origin: &'a Origin, images: &mut Images<'a>) -> Result<(), String> {
    let mut facts = Facts { tool: "configuration", origin: Some(origin), ..Facts::default() };
    let (name, value) = wrapped(value).unwrap_or(("", value));
    facts.names.add(name);
    if is_skopeo(value) {
        let (name, digest) = (value.str_at(&["Name"]), value.str_at(&["Digest"]));
        facts.names.add(&format!("{name}@{digest}"));
        let created = moment(value.str_at(&["Created"])).filter(|time| time.seconds() > EARLIEST);
        facts.config = Some(Config { created, env: texts(value, &["Env"]).collect(), ..Config::default() });
    } else {
        texts(value, &["RepoTags"]).for_each(|name| facts.names.add(name));
        texts(value, &["RepoDigests"]).for_each(|name| facts.names.add(name));
        facts.names.add(value.str_at(&["Id"]));
        facts.size = value.at(&["Size"]).as_i64();
        facts.config = Config::of(value);
    }
    images.facts.push(facts);
    Ok(())
}

fn wrapped(value: &Value) -> Option<(&str, &Value)> {
    let config = value.get("config")?;
    let is_image =
        config.get("config").is_some() || config.get("rootfs").is_some() || config.get("history").is_some();
    value.get("image")?.as_str().filter(|_| is_image).map(|name| (name, config))
}

fn is_skopeo(value: &Value) -> bool {
    ["Name", "Digest", "Layers"].iter().all(|name| value.get(name).is_some())
}
