//! Which authorizers there are: from the flags, or from a file.

use std::path::Path;
use std::time::Duration;

use authz::configuration::{AuthorizerConfig, AuthorizerType, Configuration, Connection, WebhookConfig};
use authz::webhook::{Conditions, ReviewVersion, Settings};
use authz::{Decision, Mode};

use crate::config::Config;

/// How long one try of the webhook of the flags may take (upstream's).
const TIMEOUT: Duration = Duration::from_secs(30);
/// The name of the webhook of the flags (upstream's).
const NAME: &str = "default";

/// What `--authorization-mode` and its companions say.
///
/// # Errors
/// A flag that makes no sense.
pub(super) fn of_flags(config: &Config) -> Result<Configuration, String> {
    let modes = Mode::parse_list(&config.authorization_mode.join(","))
        .map_err(|e| format!("--authorization-mode: {e}"))?;
    let without = |mode: Mode, given: bool, flag: &str| match given && !modes.contains(&mode) {
        true => Err(format!("cannot specify --{flag} without mode {}", mode.name())),
        false => Ok(()),
    };
    let webhook = &config.authorization_webhook;
    without(Mode::Abac, config.authorization_policy_file.is_some(), "authorization-policy-file")?;
    without(Mode::AccessRules, config.access_rules_file.is_some(), "access-rules-file")?;
    without(Mode::Webhook, webhook.config_file.is_some(), "authorization-webhook-config-file")?;
    let authorizers = modes.iter().map(|mode| of_mode(*mode, config)).collect::<Result<_, _>>()?;
    Ok(Configuration { authorizers })
}

fn of_mode(mode: Mode, config: &Config) -> Result<AuthorizerConfig, String> {
    let of = AuthorizerType::find(mode.name()).ok_or_else(|| format!("there is no mode {}", mode.name()))?;
    let plain = AuthorizerConfig::plain(of);
    match mode {
        Mode::AccessRules => {
            let file = config.access_rules_file.as_ref();
            let file = file.map(|path| authz::access::Source::File(path.display().to_string()));
            let access_rules = Some(file.unwrap_or(authz::access::Source::Objects));
            Ok(AuthorizerConfig { access_rules, ..plain })
        }
        Mode::Webhook => {
            let webhook = Some(webhook_of_flags(config)?);
            Ok(AuthorizerConfig { name: NAME.to_owned(), webhook, ..plain })
        }
        _ => Ok(plain),
    }
}

fn webhook_of_flags(config: &Config) -> Result<WebhookConfig, String> {
    let flags = &config.authorization_webhook;
    let file = flags.config_file.as_ref();
    let file = file.ok_or("authorization-mode Webhook's authorization config file not passed")?;
    let version = ReviewVersion::parse(&flags.version).ok_or_else(|| {
        format!(
            "--authorization-webhook-version: unsupported webhook authorizer version {:?}, supported versions are \"v1\", \"v1beta1\"",
            flags.version
        )
    })?;
    Ok(WebhookConfig {
        settings: Settings {
            version,
            authorized_ttl: flags.cache_authorized_ttl,
            unauthorized_ttl: flags.cache_unauthorized_ttl,
            on_error: Decision::NoOpinion,
        },
        conditions: Conditions::default(),
        timeout: TIMEOUT,
        connection: Connection::KubeConfigFile(file.clone()),
    })
}

/// What the file says, and its content.
///
/// # Errors
/// Flags beside it, or everything that is wrong with it.
pub(super) fn of_file(path: &Path, config: &Config) -> Result<(Configuration, Vec<u8>), String> {
    if ["authorization-mode", "authorization-webhook-"].iter().any(|flag| config.has_flag(flag)) {
        let text = "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined";
        return Err(text.to_owned());
    }
    let failed = |why: String| format!("--authorization-config: {}: {why}", path.display());
    let content = std::fs::read(path).map_err(|e| failed(e.to_string()))?;
    let configuration = read(&content).map_err(failed)?;
    let has = |name: &str| configuration.authorizers.iter().any(|a| a.of.name == name);
    if config.authorization_policy_file.is_some() && !has("ABAC") {
        return Err(
            "cannot specify --authorization-policy-file without an authorizer of type ABAC".to_owned()
        );
    }
    if config.access_rules_file.is_some() {
        return Err(
            "cannot specify --access-rules-file beside --authorization-config; the file says it".to_owned()
        );
    }
    Ok((configuration, content))
}

/// What the content of the file says.
///
/// # Errors
/// Everything that is wrong with it; for what cannot be read at all the line.
pub(super) fn read(content: &[u8]) -> Result<Configuration, String> {
    Configuration::parse(content, &|file| match std::fs::metadata(file) {
        Err(error) => Err(format!("error loading file: {error}")),
        Ok(found) if !found.is_file() => Err("must be a regular file".to_owned()),
        Ok(_) => Ok(()),
    })
    .map_err(|why| with_line(content, why))
}

/// JSON's complaints say no line.
fn with_line(content: &[u8], why: String) -> String {
    let json = content.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let Some(error) = json.then(|| codec::json::parse(content).err()).flatten() else { return why };
    let before = content.get(..error.offset()).unwrap_or(content);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    format!("line {line}: {why}")
}
