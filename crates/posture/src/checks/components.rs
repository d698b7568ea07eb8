//! Checks of the control plane's components: a row a rule, which is asked of every component that runs the program.
//!
//! Entry point: [`run`].

use std::borrow::Cow;

use api::Value;

use crate::finding::{Place, Status};
use crate::input::Input;
use crate::scan::Scan;
use crate::settings::Settings;
use crate::sources::control_plane::{Component, ControlPlane, File, Flags, Program};
use crate::words::{Said, Words, words};

pub(crate) const API_SERVER: &[Program] = &[Program::ApiServer];
pub(crate) const CONTROLLER_MANAGER: &[Program] = &[Program::ControllerManager];
pub(crate) const SCHEDULER: &[Program] = &[Program::Scheduler];
pub(crate) const ETCD: &[Program] = &[Program::Etcd];
pub(crate) const KUBERNETES: &[Program] =
    &[Program::ApiServer, Program::ControllerManager, Program::Scheduler];

/// A check of the components that run one of some programs.
pub(crate) struct Rule {
    pub id: &'static str,
    pub programs: &'static [Program],
    pub ask: Ask,
}

/// What a rule asks for.
pub(crate) enum Ask {
    /// The flag is not given.
    Absent(&'static str),
    /// The flags are all given.
    Set(&'static [&'static str]),
    /// The boolean flag is false; with its default.
    Off(&'static str, bool),
    /// The boolean flag is true; with its default.
    On(&'static str, bool),
    /// The address is one of the host's own, which nobody else can reach.
    Loopback(&'static str),
    /// The switch of a feature is not off.
    Gate(&'static str),
    /// Anything else; false when it is not about this component.
    Other(fn(&mut Look<'_, '_>) -> bool),
}

/// A component that a rule looks at, and where to say what was found.
pub(crate) struct Look<'l, 'a> {
    pub id: &'static str,
    pub component: &'l Component<'a>,
    pub plane: &'l ControlPlane<'a>,
    scan: &'l mut Scan<'a>,
}

const GIVEN: Words = words("--{} is given", "--{}가 설정됨");
const UNSET: Words = words("--{} is not set", "--{}가 설정되지 않음");
const IS: Words = words("--{} is {}", "--{}가 {}임");
const IS_BY_DEFAULT: Words =
    words("--{} is {} unless it is set otherwise", "--{}를 설정하지 않아 기본값 {}이 적용됨");
const LISTENS: Words = words(
    "it listens at {}, where others than its own host reach it",
    "{}에서 수신하여 다른 호스트에서도 접근할 수 있음",
);
const GATE_OFF: Words = words("the feature gate {} is off", "기능 게이트 {}가 꺼져 있음");
const NO_COMPONENT: Words = words("no {} was found in what was given", "주어진 자료에 {}가 없음");
const GOES_BY: Words =
    words("{} goes by {}, which was not given", "{}의 설정을 정하는 {}이(가) 주어지지 않음");
const UNREADABLE: Words = words("{} cannot be read", "{}를 읽을 수 없음");
const NOT_GIVEN: Words = words("{} names {}, which was not given", "{}가 지정한 {} 파일이 주어지지 않음");

pub(crate) const fn rule(id: &'static str, programs: &'static [Program], ask: Ask) -> Rule {
    Rule { id, programs, ask }
}

/// The checks of a table.
pub(crate) fn ids(rules: &[Rule]) -> Vec<&'static str> {
    rules.iter().map(|rule| rule.id).collect()
}

/// Asks every component of the rules' programs.
pub(crate) fn run(scan: &mut Scan<'_>, rules: &[Rule]) {
    let plane = ControlPlane::of(scan);
    for rule in rules {
        let mut found = false;
        for component in plane.components.iter().filter(|c| rule.programs.contains(&c.program)) {
            found = true;
            if let Some(path) = &component.missing {
                scan.lack(rule.id, GOES_BY.with([component.program.name(), path]));
                continue;
            }
            let mut look = Look { id: rule.id, component, plane: &plane, scan };
            if rule.ask.of(&mut look) {
                scan.examine(rule.id);
            } else {
                scan.spare(rule.id);
            }
        }
        if !found {
            absent(scan, rule.id, rule.programs);
        }
    }
}

/// Nothing that runs the program was given: out of reach when a provider runs it, else missing.
pub(crate) fn absent(scan: &mut Scan<'_>, id: &'static str, programs: &[Program]) {
    if scan.settings.profile.is_managed() {
        scan.spare(id);
    } else {
        let names: Vec<_> = programs.iter().map(|program| program.name()).collect();
        scan.lack(id, NO_COMPONENT.with([names.join(", ")]));
    }
}

impl Ask {
    fn of(&self, look: &mut Look<'_, '_>) -> bool {
        match *self {
            Self::Absent(flag) => {
                if look.flags().last(flag).is_some() {
                    look.fail(flag, GIVEN.with([flag]));
                }
            }
            Self::Set(flags) => {
                for flag in flags.iter().filter(|flag| !look.component.flags.has(flag)) {
                    look.fail(flag, UNSET.with([flag]));
                }
            }
            Self::Off(flag, default) => look.must_be(flag, false, default),
            Self::On(flag, default) => look.must_be(flag, true, default),
            Self::Loopback(flag) => {
                let address = look.flags().text(flag);
                let address = if address.is_empty() { "0.0.0.0" } else { address };
                if !is_loopback(address) {
                    look.fail(flag, LISTENS.with([address]));
                }
            }
            Self::Gate(gate) => {
                if look.flags().gate(gate) == Some(false) {
                    look.fail("feature-gates", GATE_OFF.with([gate]));
                }
            }
            Self::Other(ask) => return ask(look),
        }
        true
    }
}

impl<'l, 'a> Look<'l, 'a> {
    pub(crate) fn flags(&self) -> &'l Flags {
        &self.component.flags
    }

    pub(crate) fn settings(&self) -> &'a Settings {
        self.scan.settings
    }

    pub(crate) fn input(&self) -> &'a Input {
        self.scan.input
    }

    /// A failure of a flag.
    pub(crate) fn fail(&mut self, flag: &str, reason: Said) {
        self.find(Status::Fail, flag, reason);
    }

    /// A warning about a flag.
    pub(crate) fn warn(&mut self, flag: &str, reason: Said) {
        self.find(Status::Warn, flag, reason);
    }

    /// A finding about a flag: where it stands, or where it would stand.
    pub(crate) fn find(&mut self, status: Status, flag: &str, reason: Said) {
        let field = self.flags().last(flag).map_or_else(|| self.component.field.clone(), |f| f.field.clone());
        self.scan.find(self.id, status, self.component.place.clone(), field, reason);
    }

    /// A finding in a file.
    pub(crate) fn find_in(&mut self, status: Status, place: Place, field: &str, reason: Said) {
        self.scan.find(self.id, status, place, field.to_owned(), reason);
    }

    /// It cannot be told without this.
    pub(crate) fn lack(&mut self, reason: Said) {
        self.scan.lack(self.id, reason);
    }

    /// The file that a flag names.  It lacks when the flag is set and the file was not given.
    pub(crate) fn file(&mut self, flag: &str) -> Option<File<'a>> {
        self.named(&format!("--{flag}"), self.flags().text(flag))
    }

    /// The file of that path, which `who` names.
    pub(crate) fn named(&mut self, who: &str, path: &str) -> Option<File<'a>> {
        let found = self.plane.file(self.component, path);
        if found.is_none() && !path.is_empty() {
            self.scan.lack(self.id, NOT_GIVEN.with([who, path]));
        }
        found
    }

    /// What stands in a file.  It lacks when that cannot be read: what it would say is not known.
    pub(crate) fn value(&mut self, file: &File<'a>) -> Option<Cow<'a, Value>> {
        let value = file.value().filter(|value| value.as_object().is_some());
        if value.is_none() {
            self.scan.lack(self.id, UNREADABLE.with([&file.path]));
        }
        value
    }

    fn must_be(&mut self, flag: &str, want: bool, default: bool) {
        if self.flags().is(flag, default) == want {
            return;
        }
        let said = if self.flags().last(flag).is_some() { IS } else { IS_BY_DEFAULT };
        self.fail(flag, said.with([flag, if want { "false" } else { "true" }]));
    }

    /// A flag that should be set is not.
    pub(crate) fn unset(&mut self, status: Status, flag: &str) {
        self.find(status, flag, UNSET.with([flag]));
    }
}

/// True for `127.0.0.0/8`, `::1` and `localhost`.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = |address: std::net::IpAddr| address.is_loopback();
    host == "localhost" || host.parse().is_ok_and(loopback)
}
