//! Ports: what is asked for, what a rule is for, and what containers call theirs.

use api::Value;

/// How something is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// Where traffic goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Port {
    pub protocol: Protocol,
    /// `None` for one that no rule names.
    pub number: Option<u16>,
}

/// A port that a container declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Declared<'a> {
    pub name: &'a str,
    pub number: u16,
    pub protocol: Protocol,
}

/// What a rule is for; without a protocol for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ports {
    /// From one number to another, both among them.
    Numbers(Option<Protocol>, u16, u16),
    /// What the destination calls by that name.
    Named(Option<Protocol>, String),
}

impl Protocol {
    /// By its name; TCP when there is none.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "" | "TCP" => Self::Tcp,
            "UDP" => Self::Udp,
            "SCTP" => Self::Sctp,
            _ => return None,
        })
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }
}

impl Port {
    /// A port of TCP.
    pub(crate) fn tcp(number: u16) -> Self {
        Self { protocol: Protocol::Tcp, number: Some(number) }
    }

    /// A port of TCP that no rule names.
    pub(crate) const UNNAMED: Self = Self { protocol: Protocol::Tcp, number: None };
}

/// `80/TCP`.
impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.number {
            Some(number) => write!(f, "{number}/{}", self.protocol.name()),
            None => f.write_str(self.protocol.name()),
        }
    }
}

impl<'a> Declared<'a> {
    /// Reads a port of a container.
    pub(crate) fn of(port: &'a Value) -> Option<Self> {
        Some(Self {
            name: port.str_at(&["name"]),
            number: number(port.at(&["containerPort"]))?,
            protocol: Protocol::parse(port.str_at(&["protocol"]))?,
        })
    }
}

impl Ports {
    /// Every port of a protocol, or of all.
    pub(crate) fn all(protocol: Option<Protocol>) -> Self {
        Self::Numbers(protocol, 0, u16::MAX)
    }

    /// True when the port is among them; `declared` are those of the destination.
    pub(crate) fn has(&self, port: Port, declared: &[Declared<'_>]) -> bool {
        let carried = |protocol: &Option<Protocol>| protocol.is_none_or(|p| p == port.protocol);
        match self {
            Self::Numbers(protocol, from, to) => {
                let among = |number| (*from..=*to).contains(&number);
                carried(protocol) && port.number.map_or(*from <= 1 && *to == u16::MAX, among)
            }
            Self::Named(protocol, name) => {
                let same = |d: &Declared<'_>| {
                    d.name == name && d.protocol == port.protocol && Some(d.number) == port.number
                };
                carried(protocol) && declared.iter().any(same)
            }
        }
    }
}

/// A number of a port, `None` for anything else.
pub(crate) fn number(value: &Value) -> Option<u16> {
    u16::try_from(value.as_i64()?).ok()
}
