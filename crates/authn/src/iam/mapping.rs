//! Who is who: from what a cloud says to users and groups.
//!
//! Entry points: [`Rules::read`] reads the ConfigMaps that clouds have for it (`ncp-auth`: `mapSubAccounts`; `aws-auth`:
//! `mapRoles`, `mapUsers`, `mapAccounts`), [`Rules::user`] applies them.  Owners come from the configuration, where
//! everybody who may read it sees them, and win.

use std::collections::HashMap;
use std::fmt;

use api::Value;
use api::user::{SYSTEM_MASTERS, UserInfo};

use super::Principal;

/// The most rules that are read.
const MOST: usize = 20_000;

/// Users and groups of principals.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    /// The first rule of each principal, by its name in lower case.
    by_id: HashMap<String, usize>,
    /// Accounts whose users are known by their own names.
    accounts: Vec<String>,
    /// What could not be read.
    pub problems: Vec<String>,
}

/// One principal and who it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How the cloud names it.
    pub id: String,
    /// Its user name here; it may have templates in it.
    pub username: String,
    /// Its groups here; they may have templates in them.
    pub groups: Vec<String>,
    /// Where this is said.
    pub origin: Origin,
}

/// Where a rule is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The server's configuration.
    Owner,
    /// This entry of the ConfigMap.
    Map(&'static str),
}

impl Rule {
    /// True when it makes an administrator of everything.
    pub fn is_master(&self) -> bool {
        self.groups.iter().any(|group| group == SYSTEM_MASTERS)
    }
}

/// The lists that are read, and what each calls the principal.
const LISTS: [(&str, &[&str]); 3] = [
    ("mapSubAccounts", &["subAccountIdNo", "subaccountIdNo"]),
    ("mapRoles", &["rolearn", "roleARN"]),
    ("mapUsers", &["userarn", "userARN"]),
];
const ACCOUNTS: &str = "mapAccounts";

impl Rules {
    /// The owners alone.
    pub fn of_owners(owners: &[Rule]) -> Self {
        let mut rules = Self::default();
        owners.iter().for_each(|owner| rules.add(owner.clone()));
        rules
    }

    /// The names of the entries of a ConfigMap that are read.
    pub fn entries() -> impl Iterator<Item = &'static str> {
        LISTS.into_iter().map(|(name, _)| name).chain([ACCOUNTS])
    }

    /// Adds what an entry of the ConfigMap says, `list` being its content; one bad rule does not spoil the others.
    pub fn read(&mut self, entry: &str, list: &Value) {
        if list.is_null() || list.as_str().is_some_and(|text| text.trim().is_empty()) {
            return;
        }
        let Some(items) = list.as_array() else {
            return self.problems.push(format!("{entry}: is no list"));
        };
        if entry == ACCOUNTS {
            return self.accounts.extend(items.iter().filter_map(text));
        }
        let Some((name, keys)) = LISTS.iter().find(|(name, _)| *name == entry) else { return };
        for (at, item) in items.iter().enumerate() {
            match rule(item, keys, name) {
                Ok(_) if self.rules.len() >= MOST => {
                    return self.problems.push(format!("{entry}: there are more than {MOST} rules"));
                }
                Ok(rule) => self.add(rule),
                Err(why) => self.problems.push(format!("{entry}[{at}]: {why}")),
            }
        }
    }

    /// All rules, owners first; of several for one principal only the first counts.
    pub fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// True when another rule before it is for the same principal.
    pub fn is_shadowed(&self, at: usize) -> bool {
        let id = self.rules.get(at).map(|rule| rule.id.to_lowercase());
        id.and_then(|id| self.by_id.get(&id)).is_some_and(|first| *first != at)
    }

    /// Who a principal is; an error is why it is nobody.
    pub fn user(&self, principal: &Principal) -> Result<UserInfo, String> {
        let rule = self.by_id.get(&principal.id.to_lowercase()).and_then(|at| self.rules.get(*at));
        let Some(rule) = rule else {
            if !principal.account.is_empty() && self.accounts.contains(&principal.account) {
                return Ok(UserInfo::new(principal.id.as_str(), [""; 0]));
            }
            return Err(format!("no rule says who `{}` is", principal.id));
        };
        let username = render(&rule.username, principal)?;
        let groups =
            rule.groups.iter().map(|group| render(group, principal)).collect::<Result<Vec<_>, _>>()?;
        Ok(UserInfo::new(username, groups))
    }

    fn add(&mut self, rule: Rule) {
        self.by_id.entry(rule.id.to_lowercase()).or_insert(self.rules.len());
        self.rules.push(rule);
    }
}

fn rule(item: &Value, keys: &[&str], entry: &'static str) -> Result<Rule, String> {
    let [key, ..] = keys else { return Err("is no rule".to_owned()) };
    let id = keys.iter().find_map(|key| item.get(key)).and_then(text);
    let id = id.filter(|id| !id.is_empty()).ok_or_else(|| format!("{key} is missing"))?;
    let username = item.get("username").and_then(text).unwrap_or_default();
    if username.is_empty() {
        return Err(format!("username is missing for `{id}`"));
    }
    let groups = match item.get("groups") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(groups)) => {
            let groups: Option<Vec<String>> = groups.iter().map(text).collect();
            groups.ok_or_else(|| format!("groups of `{id}` are not all texts"))?
        }
        Some(_) => return Err(format!("groups of `{id}` are no list")),
    };
    Ok(Rule { id, username, groups, origin: Origin::Map(entry) })
}

/// Numbers are read as texts: ids of accounts look like them.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Puts what is known of a principal into a name.
fn render(template: &str, principal: &Principal) -> Result<String, String> {
    if !template.contains("{{") {
        return Ok(template.to_owned());
    }
    let session = principal.session.replace('@', "-");
    let known = [
        ("{{AccountID}}", principal.account.as_str()),
        ("{{SessionName}}", &session),
        ("{{SessionNameRaw}}", &principal.session),
        ("{{AccessKeyID}}", &principal.access_key),
    ];
    let (mut out, mut rest) = (String::new(), template);
    // In one walk: what is put in is not looked through again.
    while let Some(at) = rest.find("{{") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let Some((name, value)) = known.iter().find(|(name, _)| from.starts_with(name)) else {
            return Err(format!("the rule's `{template}` has a template that is not known here"));
        };
        if value.is_empty() {
            return Err(format!(
                "the rule's `{template}` needs what the cloud does not say of `{}`",
                principal.id
            ));
        }
        out.push_str(value);
        rest = from.get(name.len()..).unwrap_or("");
    }
    out.push_str(rest);
    Ok(out)
}

/// `owner (configuration)` or the entry's name.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => f.write_str("owner (configuration)"),
            Self::Map(entry) => f.write_str(entry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::object;

    fn list(items: &[(&str, &str, &str, &[&str])]) -> Value {
        let item = |(key, id, user, groups): &(&str, &str, &str, &[&str])| {
            object! { *key => *id, "username" => *user, "groups" => groups.to_vec() }
        };
        items.iter().map(item).collect::<Vec<_>>().into()
    }

    fn who(rules: &Rules, id: &str) -> Result<String, String> {
        let principal = Principal {
            id: id.to_owned(),
            account: "123".into(),
            session: "me@x{{AccountID}}".into(),
            ..Principal::default()
        };
        rules.user(&principal).map(|user| format!("{} {}", user.name, user.groups.join(",")))
    }

    #[test]
    fn owners_win_and_bad_rules_spoil_nothing() {
        let owner = Rule {
            id: "1".into(),
            username: "owner".into(),
            groups: vec![SYSTEM_MASTERS.into()],
            origin: Origin::Owner,
        };
        let mut rules = Rules::of_owners(&[owner]);
        let mut items = list(&[
            ("subAccountIdNo", "1", "taken-over", &[]),
            ("subAccountIdNo", "2", "bob", &["dev", "ops"]),
            ("subAccountIdNo", "3", "", &[]),
        ]);
        if let Value::Array(items) = &mut items {
            items.push(object! { "subAccountIdNo" => 4, "username" => "four" });
            items.push(object! { "username" => "nobody" });
            items.push("x".into());
        }
        rules.read("mapSubAccounts", &items);
        assert_eq!(who(&rules, "1").unwrap(), "owner system:masters");
        assert_eq!(who(&rules, "2").unwrap(), "bob dev,ops");
        assert_eq!(who(&rules, "4").unwrap(), "four ");
        assert_eq!(who(&rules, "5").unwrap_err(), "no rule says who `5` is");
        assert_eq!(rules.problems.len(), 3, "{:?}", rules.problems);
        assert!(rules.all()[0].is_master() && !rules.is_shadowed(0) && rules.is_shadowed(1));
    }

    #[test]
    fn roles_users_and_accounts_with_templates() {
        let mut rules = Rules::default();
        rules.read(
            "mapRoles",
            &list(&[
                (
                    "rolearn",
                    "arn:aws:iam::123:role/Dev",
                    "dev:{{AccountID}}:{{SessionName}}",
                    &["g-{{SessionNameRaw}}"],
                ),
                (
                    "rolearn",
                    "arn:aws:iam::123:role/node",
                    "system:node:{{EC2PrivateDNSName}}",
                    &["system:nodes"],
                ),
                ("rolearn", "arn:aws:iam::123:role/key", "{{AccessKeyID}}", &[]),
            ]),
        );
        rules.read("mapAccounts", &vec!["123"].into());
        let dev = who(&rules, "arn:aws:iam::123:role/dev").unwrap();
        assert_eq!(dev, "dev:123:me-x{{AccountID}} g-me@x{{AccountID}}", "what is put in is no template");
        assert!(who(&rules, "arn:aws:iam::123:role/node").unwrap_err().contains("not known here"));
        assert!(who(&rules, "arn:aws:iam::123:role/key").unwrap_err().contains("does not say"));
        assert_eq!(who(&rules, "arn:aws:iam::123:user/x").unwrap(), "arn:aws:iam::123:user/x ");
        rules.read("mapUsers", &"".into());
        rules.read("mapUsers", &object! {});
        assert_eq!(rules.problems, ["mapUsers: is no list"]);
    }
}
