//! Cloud IAM (`--iam-config`): the providers of the file, whom they ask, and the ConfigMaps that say who is who.
//!
//! Both the file and the ConfigMaps are read again when they change; a file that cannot be used leaves the last good
//! one, an entry of a ConfigMap that cannot be used is left out, and the log says so.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::Value;
use arc_swap::ArcSwap;
use authn::iam::{Ask, AskFuture, Cloud, Provider, Question, Rules, Told};
use authn::{AnswerFuture, AuthnError, RemoteTokenAuthenticator, TokenContext, TokenMember};
use client::tls::Trust;
use client::{Client, Kind, Pem, Request, Server};
use hyper::HeaderMap;
use hyper::header::{HOST, HeaderName, HeaderValue};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Making;
use crate::app::App;
use crate::iam::{self, Settings, Tokens};
use crate::late::Late;
use crate::registry::parse;

const FLAG: &str = "--iam-config";
/// Questions to one cloud at a time; more wait, within their time.
const AT_ONCE: usize = 32;
/// Largest answer that is read, in bytes.
const LARGEST: usize = 64 << 10;

/// The providers of the file as it is now.
#[derive(Default)]
pub(crate) struct CloudIam {
    providers: ArcSwap<Vec<Known>>,
}

/// A provider and what it was made from.
#[derive(Clone)]
struct Known {
    settings: Settings,
    provider: Arc<Provider>,
}

/// The way in, `None` without the flag.
pub(super) fn make(making: &Making<'_>) -> Result<Option<TokenMember>, String> {
    let Some(path) = making.config.iam_config.clone() else { return Ok(None) };
    let (iam, audiences) = (making.iam.clone(), making.audiences.to_vec());
    let member = TokenMember::Remote(iam.clone());
    let (objects, file) = (making.objects.clone(), path.clone());
    making.reloads.watch(FLAG, &[&path], move |contents| {
        let bytes = contents.first().map_or(&[][..], Vec::as_slice);
        let base = file.parent().unwrap_or(Path::new(""));
        let settings = iam::read(bytes, base).map_err(|e| format!("{}: {e}", file.display()))?;
        let known = settings.into_iter().map(|settings| Known::new(settings, &audiences));
        let known = known.collect::<Result<Vec<_>, _>>().map_err(|e| format!("{}: {e}", file.display()))?;
        iam.providers.store(Arc::new(known));
        // Not before: a ConfigMap that changes meanwhile would be told to the old ones.
        iam.providers.load().iter().for_each(|known| known.read_rules(&objects));
        Ok(())
    })?;
    Ok(Some(member))
}

impl CloudIam {
    /// Reads again who is who where a ConfigMap has changed; `map` is `None` when it is gone.
    pub(crate) fn map_changed(&self, namespace: &str, name: &str, map: Option<&Value>) {
        for known in self.providers.load().iter() {
            if (known.settings.map.0.as_str(), known.settings.map.1.as_str()) == (namespace, name) {
                known.set_rules(known.settings.rules(map));
            }
        }
    }

    /// Namespaces and names of the ConfigMaps that are read.
    pub(crate) fn maps(&self) -> Vec<(String, String)> {
        self.providers.load().iter().map(|known| known.settings.map.clone()).collect()
    }

    /// True when a provider reads a ConfigMap of this name.
    pub(crate) fn reads(&self, namespace: &str, name: &str) -> bool {
        self.providers.load().iter().any(|k| k.settings.map.0 == namespace && k.settings.map.1 == name)
    }

    /// The providers, for their metrics.
    pub(crate) fn providers(&self) -> Vec<Arc<Provider>> {
        self.providers.load().iter().map(|known| known.provider.clone()).collect()
    }

    async fn ask(&self, token: &str, context: &TokenContext<'_>) -> authn::Answer {
        let mut errors = Vec::new();
        let all = Arc::clone(&self.providers.load());
        for known in all.iter() {
            match known.provider.authenticate_token(token, context).await {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                Err(error) => errors.push(error),
            }
        }
        AuthnError::all(errors).map_or(Ok(None), Err)
    }
}

impl RemoteTokenAuthenticator for CloudIam {
    fn authenticate_token<'a>(&'a self, token: &'a str, context: &'a TokenContext<'a>) -> AnswerFuture<'a> {
        Box::pin(self.ask(token, context))
    }
}

impl Known {
    fn new(settings: Settings, audiences: &[String]) -> Result<Self, String> {
        let ask = Arc::new(Questions::new(&settings).map_err(|e| format!("{}: {e}", settings.name))?);
        let cloud: Box<dyn Cloud> = match &settings.tokens {
            Tokens::NaverCloud(cloud) => Box::new(cloud.clone()),
            Tokens::Aws(cloud) => Box::new(cloud.clone()),
        };
        let provider = Provider::new(&settings.name, cloud, ask, audiences.to_vec(), settings.keep);
        for owner in settings.owners.iter().filter(|owner| owner.is_master()) {
            tracing::warn!(
                provider = settings.name,
                id = owner.id,
                user = owner.username,
                "an administrator of everything by configuration"
            );
        }
        Ok(Self { settings, provider: Arc::new(provider) })
    }

    /// Reads who is who from the store, when there is one already.
    fn read_rules(&self, objects: &Late<App>) {
        let (namespace, name) = (&self.settings.map.0, &self.settings.map.1);
        let map = objects.get().and_then(|app| app.object("", "configmaps", namespace, name));
        let map = map.and_then(|map| parse(&map).ok());
        self.set_rules(self.settings.rules(map.as_ref()));
    }

    fn set_rules(&self, rules: Rules) {
        let provider = self.settings.name.as_str();
        for why in &rules.problems {
            tracing::warn!(provider, %why, "a rule of the ConfigMap is left out");
        }
        for rule in
            rules.all().iter().filter(|rule| rule.is_master() && rule.origin != authn::iam::Origin::Owner)
        {
            tracing::warn!(
                provider,
                id = rule.id,
                user = rule.username,
                "an administrator of everything by ConfigMap"
            );
        }
        tracing::info!(provider, rules = rules.all().len(), "who is who is known anew");
        self.provider.set_rules(rules);
    }
}

/// Asks a cloud, or the one endpoint that stands for all of its hosts.
struct Questions {
    endpoint: Option<Client>,
    /// Clients of the hosts that were asked; only hosts that are allowed get here.
    hosts: Mutex<HashMap<String, Client>>,
    authority: Option<Pem>,
    timeout: Duration,
    places: Semaphore,
}

impl Questions {
    fn new(settings: &Settings) -> Result<Self, String> {
        let authority =
            settings.certificate_authority.as_ref().map(|file| Pem::file("certificateAuthority", file));
        let mut questions = Self {
            endpoint: None,
            hosts: Mutex::default(),
            authority,
            timeout: settings.timeout,
            places: Semaphore::new(AT_ONCE),
        };
        let endpoint = settings.endpoint.as_deref().map(|url| Server::parse(url, true)).transpose()?;
        questions.endpoint = endpoint.map(|server| questions.client(server)).transpose()?;
        Ok(questions)
    }

    fn client(&self, server: Server) -> Result<Client, String> {
        let mut config = client::Config { timeout: self.timeout, ..client::Config::of_url(server) };
        if let Some(authority) = &self.authority {
            config.trust = Trust::Authorities(authority.clone());
        }
        Client::new(config).map_err(|e| e.to_string())
    }

    fn of_host(&self, host: &str) -> Result<Client, String> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = hosts.get(host) {
            return Ok(client.clone());
        }
        let client = self.client(Server::https(host, 443))?;
        hosts.insert(host.to_owned(), client.clone());
        Ok(client)
    }

    async fn send(&self, question: &Question) -> Result<Told, String> {
        let client = match &self.endpoint {
            Some(client) => client.clone(),
            None => self.of_host(&question.host)?,
        };
        let request = Request {
            query: question.query.clone(),
            headers: headers(question).ok_or("the token cannot stand in a header")?,
            largest: LARGEST,
            ..Request::get(question.path.as_str())
        };
        let place = self.places.acquire().await.map_err(|_| "the server stops")?;
        let response = client.send(&request).await;
        drop(place);
        let response = response.map_err(|error| why(error.kind()).to_owned())?;
        Ok(Told { status: response.code, body: response.body.to_vec() })
    }
}

impl Ask for Questions {
    fn ask<'a>(&'a self, question: &'a Question) -> AskFuture<'a> {
        Box::pin(async {
            let answer = timeout(self.timeout, self.send(question)).await;
            answer.unwrap_or_else(|_| Err(why(Kind::Timeout).to_owned()))
        })
    }
}

/// The text of the failure itself may tell the question, which is a credential.
fn why(kind: Kind) -> &'static str {
    match kind {
        Kind::Connect => "the cloud cannot be reached",
        Kind::Tls => "the cloud's certificate is not trusted, or it speaks no TLS",
        Kind::Timeout => "the cloud did not answer in time",
        Kind::Reset => "the cloud cut the connection",
        Kind::TooLarge => "the answer of the cloud is too large",
        Kind::Protocol | Kind::Credentials | Kind::Status(_) => "the cloud's answer cannot be read",
    }
}

fn headers(question: &Question) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    if !question.host.is_empty() {
        headers.insert(HOST, HeaderValue::from_str(&question.host).ok()?);
    }
    for (name, value) in &question.headers {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    Some(headers)
}
