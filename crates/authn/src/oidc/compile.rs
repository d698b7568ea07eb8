//! Everything that can be wrong with the settings of issuers, in upstream's words, and their expressions compiled.
//!
//! Entry point: [`compile`].

use std::collections::BTreeSet;

use api::Value;
use api::content::domain_prefixed_path;
use api::field::{Errors, Path};
use api::url::Url;
use cel::Type;
use cel::environment::{self, Expression, Refusal};
use x509_parser::pem::Pem;

use super::config::{
    ClaimMapping, ClaimRule, Configuration, ExtraMapping, Issuer, JwtAuthenticator, UserRule,
};

mod email;

/// The most issuers.
const MOST_ISSUERS: usize = 64;
const BOTH: &str = "claim and expression can't both be set";

/// The compiled expressions of one issuer, where there are any.
#[derive(Debug, Default)]
pub struct Rules {
    pub(super) username: Option<Expression>,
    pub(super) groups: Option<Expression>,
    pub(super) uid: Option<Expression>,
    /// By key.
    pub(super) extra: Vec<(String, Expression)>,
    /// With what is said when they are false.
    pub(super) claims: Vec<(Expression, String)>,
    /// With what is said when they are false.
    pub(super) users: Vec<(Expression, String)>,
}

/// Validates settings and compiles their expressions, one [`Rules`] an issuer.  `disallowed` are the issuers of
/// service-account tokens.
///
/// # Errors
/// Everything that is wrong, with upstream's texts.
pub fn compile(configuration: &Configuration, disallowed: &[String]) -> Result<Vec<Rules>, Errors> {
    let mut errors = Errors::new();
    let root = Path::new("jwt");
    let jwt = &configuration.jwt;
    if jwt.len() > MOST_ISSUERS {
        errors.too_many(&root, jwt.len(), MOST_ISSUERS);
        return Err(errors);
    }
    let (mut issuers, mut discoveries) = (BTreeSet::new(), BTreeSet::new());
    let mut rules = Vec::new();
    for (i, settings) in jwt.iter().enumerate() {
        let path = root.index(i);
        rules.push(
            Compiler { errors: &mut errors, email: email::Use::default() }.jwt(settings, disallowed, &path),
        );
        let issuer = &settings.issuer;
        if !issuers.insert(&issuer.url) {
            errors.duplicate(&path.child("issuer").child("url"), &text(&issuer.url));
        }
        if !issuer.discovery_url.is_empty() && !discoveries.insert(&issuer.discovery_url) {
            errors.duplicate(&path.child("issuer").child("discoveryURL"), &text(&issuer.discovery_url));
        }
    }
    if let Some(anonymous) = configuration.anonymous.as_ref().filter(|a| !a.enabled && !a.paths.is_empty()) {
        let conditions: Vec<Value> =
            anonymous.paths.iter().map(|p| api::object! { "path" => p.as_str() }).collect();
        let why = "enabled should be set to true when conditions are defined";
        errors.invalid(&Path::new("anonymous").child("conditions"), &Value::Array(conditions), why);
    }
    if errors.is_empty() { Ok(rules) } else { Err(errors) }
}

/// Checks one issuer's settings.
struct Compiler<'a> {
    errors: &'a mut Errors,
    email: email::Use,
}

impl Compiler<'_> {
    fn jwt(&mut self, settings: &JwtAuthenticator, disallowed: &[String], path: &Path) -> Rules {
        self.issuer(&settings.issuer, disallowed, &path.child("issuer"));
        let mut rules = Rules {
            claims: self.claim_rules(&settings.claim_rules, &path.child("claimValidationRules")),
            ..Rules::default()
        };
        self.mappings(settings, &mut rules, &path.child("claimMappings"));
        rules.users = self.user_rules(&settings.user_rules, &path.child("userValidationRules"));
        rules
    }

    fn issuer(&mut self, issuer: &Issuer, disallowed: &[String], path: &Path) {
        let at = path.child("url");
        if issuer.url.is_empty() {
            self.errors.required(&at, "");
        } else {
            if disallowed.contains(&issuer.url) {
                let listed: BTreeSet<&str> = disallowed.iter().map(String::as_str).collect();
                let listed = listed.into_iter().collect::<Vec<_>>().join(" ");
                let why = format!("URL must not overlap with disallowed issuers: [{listed}]");
                self.errors.invalid(&at, &text(&issuer.url), why);
            }
            self.url(&issuer.url, &at);
        }
        self.discovery(issuer, &path.child("discoveryURL"));
        self.audiences(issuer, path);
        let authority = &issuer.certificate_authority;
        if let Some(why) = (!authority.is_empty()).then(|| certificates(authority)).flatten() {
            self.errors.invalid(&path.child("certificateAuthority"), &text("<omitted>"), why);
        }
        let egress = &issuer.egress_selector_type;
        if !matches!(egress.as_str(), "" | "controlplane" | "cluster") {
            let why = "egress selector must be either controlplane or cluster";
            self.errors.invalid(&path.child("egressSelectorType"), &text(egress), why);
        }
    }

    fn discovery(&mut self, issuer: &Issuer, path: &Path) {
        let url = &issuer.discovery_url;
        if url.is_empty() {
            return;
        }
        if !issuer.url.is_empty() && issuer.url.trim_end_matches('/') == url.trim_end_matches('/') {
            self.errors.invalid(path, &text(url), "discoveryURL must be different from URL");
        }
        self.url(url, path);
    }

    fn url(&mut self, url: &str, path: &Path) {
        let parsed = match Url::parse(url) {
            Ok(parsed) => parsed,
            Err(why) => return self.errors.invalid(path, &text(url), why),
        };
        let faults = [
            (parsed.scheme != "https", "URL scheme must be https"),
            (parsed.user.is_some(), "URL must not contain a username or password"),
            (!parsed.query.is_empty(), "URL must not contain a query"),
            (!parsed.fragment.is_empty(), "URL must not contain a fragment"),
        ];
        faults
            .iter()
            .filter(|(wrong, _)| *wrong)
            .for_each(|(_, why)| self.errors.invalid(path, &text(url), why));
    }

    fn audiences(&mut self, issuer: &Issuer, path: &Path) {
        let at = path.child("audiences");
        if issuer.audiences.is_empty() {
            return self.errors.required(&at, format!("at least one {at} is required"));
        }
        let mut seen = BTreeSet::new();
        for (i, audience) in issuer.audiences.iter().enumerate() {
            if audience.is_empty() {
                self.errors.required(&at.index(i), "");
            }
            if !seen.insert(audience) {
                self.errors.duplicate(&at.index(i), &text(audience));
            }
        }
        let (policy, single) = (&issuer.audience_match_policy, issuer.audiences.len() == 1);
        if policy != "MatchAny" && !(single && policy.is_empty()) {
            let why = if single {
                "audienceMatchPolicy must be empty or MatchAny for single audience"
            } else {
                "audienceMatchPolicy must be MatchAny for multiple audiences"
            };
            self.errors.invalid(&path.child("audienceMatchPolicy"), &text(policy), why);
        }
    }

    fn claim_rules(&mut self, rules: &[ClaimRule], path: &Path) -> Vec<(Expression, String)> {
        let (mut claims, mut expressions) = (BTreeSet::new(), BTreeSet::new());
        let mut compiled = Vec::new();
        for (i, rule) in rules.iter().enumerate() {
            let path = path.index(i);
            match (rule.claim.is_empty(), rule.expression.is_empty()) {
                (false, false) => self.errors.invalid(&path, &text(&rule.claim), BOTH),
                (true, true) => self.errors.required(&path, "claim or expression is required"),
                (false, true) => {
                    if !rule.message.is_empty() {
                        let why = "may not be specified when claim is set";
                        self.errors.invalid(&path.child("message"), &text(&rule.message), why);
                    }
                    if !claims.insert(&rule.claim) {
                        self.errors.duplicate(&path.child("claim"), &text(&rule.claim));
                    }
                }
                (true, false) => {
                    if !rule.required_value.is_empty() {
                        let why = "may not be specified when expression is set";
                        self.errors.invalid(&path.child("requiredValue"), &text(&rule.required_value), why);
                    }
                    let at = path.child("expression");
                    if !expressions.insert(&rule.expression) {
                        self.errors.duplicate(&at, &text(&rule.expression));
                        continue;
                    }
                    let expression = self.over_claims(&rule.expression, &[Type::Bool], &at);
                    compiled.extend(expression.map(|e| (e, rule.message.clone())));
                }
            }
        }
        compiled.iter().for_each(|(e, _)| self.email.may_verify(e.text()));
        compiled
    }

    fn mappings(&mut self, settings: &JwtAuthenticator, rules: &mut Rules, path: &Path) {
        rules.username = self.mapping(&settings.username, &path.child("username"), true);
        if let Some(expression) = &rules.username {
            self.email.of_username(expression.text());
        }
        rules.groups = self.mapping(&settings.groups, &path.child("groups"), false);
        let (uid, at) = (&settings.uid, path.child("uid"));
        if !uid.claim.is_empty() && !uid.expression.is_empty() {
            self.errors.invalid(&at, &text(""), BOTH);
        } else if !uid.expression.is_empty() {
            rules.uid = self.over_claims(&uid.expression, &[], &at.child("expression"));
        }
        rules.extra = self.extra(&settings.extra, &path.child("extra"));
        rules.extra.iter().for_each(|(_, e)| self.email.may_verify(e.text()));
        if self.email.is_unverified() {
            let at = path.child("username").child("expression");
            self.errors.invalid(&at, &text(&settings.username.expression), email::UNVERIFIED);
        }
    }

    /// The expression of a mapping, when it has one.
    fn mapping(&mut self, mapping: &ClaimMapping, path: &Path, required: bool) -> Option<Expression> {
        match (mapping.claim.is_empty(), mapping.expression.is_empty()) {
            (false, false) => {
                self.errors.invalid(path, &text(""), BOTH);
                None
            }
            (true, true) => {
                if required {
                    self.errors.required(path, "claim or expression is required");
                }
                None
            }
            (false, true) => {
                if mapping.prefix.is_none() {
                    let why = "prefix is required when claim is set. It can be set to an empty string to disable prefixing";
                    self.errors.required(&path.child("prefix"), why);
                }
                None
            }
            (true, false) => {
                if let Some(prefix) = &mapping.prefix {
                    let why = "may not be specified when expression is set";
                    self.errors.invalid(&path.child("prefix"), &text(prefix), why);
                }
                self.over_claims(&mapping.expression, &[], &path.child("expression"))
            }
        }
    }

    fn extra(&mut self, mappings: &[ExtraMapping], path: &Path) -> Vec<(String, Expression)> {
        let (mut seen, mut compiled) = (BTreeSet::new(), Vec::new());
        for (i, mapping) in mappings.iter().enumerate() {
            let (key, at) = (&mapping.key, path.index(i).child("key"));
            domain_prefixed_path(self.errors, &at, key);
            if *key != key.to_lowercase() {
                self.errors.invalid(&at, &text(key), "must be lowercase");
            }
            if is_reserved(key) {
                let why = "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use";
                self.errors.invalid(&at, &text(key), why);
            }
            if !seen.insert(key) {
                self.errors.duplicate(&at, &text(key));
                continue;
            }
            let at = path.index(i).child("valueExpression");
            if mapping.expression.is_empty() {
                self.errors.required(&at, "");
                continue;
            }
            let expression = self.over_claims(&mapping.expression, &[], &at);
            compiled.extend(expression.map(|e| (key.clone(), e)));
        }
        compiled
    }

    fn user_rules(&mut self, rules: &[UserRule], path: &Path) -> Vec<(Expression, String)> {
        let (mut seen, mut compiled) = (BTreeSet::new(), Vec::new());
        for (i, rule) in rules.iter().enumerate() {
            let at = path.index(i).child("expression");
            if rule.expression.is_empty() {
                self.errors.required(&at, "");
                continue;
            }
            if !seen.insert(&rule.expression) {
                self.errors.duplicate(&at, &text(&rule.expression));
                continue;
            }
            let result = environment::compile(environment::user(), &rule.expression, &[Type::Bool]);
            let expression = self.compiled(result, &rule.expression, &at);
            compiled.extend(expression.map(|e| (e, rule.message.clone())));
        }
        compiled
    }

    fn over_claims(&mut self, expression: &str, wanted: &[Type], path: &Path) -> Option<Expression> {
        self.compiled(environment::compile(environment::claims(), expression, wanted), expression, path)
    }

    fn compiled(
        &mut self,
        result: Result<Expression, Refusal>,
        expression: &str,
        path: &Path,
    ) -> Option<Expression> {
        match result {
            Ok(expression) => return Some(expression),
            Err(refusal @ Refusal::Program(_)) => self.errors.internal(path, refusal),
            Err(refusal) => self.errors.invalid(path, &text(expression), refusal.without_output()),
        }
        None
    }
}

fn text(text: &str) -> Value {
    text.into()
}

/// Keys that belong to Kubernetes itself.
fn is_reserved(key: &str) -> bool {
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    let within = |parent: &str| {
        domain.strip_suffix(parent).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    within("kubernetes.io") || within("k8s.io")
}

/// What is wrong with a bundle of certificates.
fn certificates(pem: &str) -> Option<String> {
    let mut found = 0;
    for block in Pem::iter_from_buffer(pem.as_bytes()) {
        let Ok(block) = block else { break };
        if block.label != "CERTIFICATE" {
            continue;
        }
        if let Err(why) = block.parse_x509() {
            return Some(why.to_string());
        }
        found += 1;
    }
    (found == 0).then(|| "data does not contain any valid RSA or ECDSA certificates".to_owned())
}
