use super::*;
use crate::authenticator::Member;
use crate::random::SystemRandom;
use futures_util::FutureExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `secret`, hashed cheaply.
fn bcrypt_hash() -> String {
    bcrypt::hash("secret", 4).unwrap()
}

fn argon2_hash() -> String {
    use argon2::password_hash::PasswordHasher as _;
    let params = argon2::Params::new(64, 1, 1, None).unwrap();
    let hasher = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    hasher.hash_password_with_salt(b"secret", b"sixteen bytes ok").unwrap().to_string()
}

fn parse(text: &str) -> Result<(PasswordFile, Vec<String>), PasswordFileError> {
    PasswordFile::parse(text, &SystemRandom)
}

/// Works at once, and counts.
#[derive(Default)]
struct AtOnce {
    jobs: AtomicUsize,
    full: bool,
}

impl Worker for AtOnce {
    fn work(&self, job: Job) -> Pin<Box<dyn Future<Output = Option<Option<UserInfo>>> + Send + '_>> {
        self.jobs.fetch_add(1, Ordering::Relaxed);
        let done = (!self.full).then(job);
        Box::pin(std::future::ready(done))
    }
}

fn passwords(full: bool) -> (Passwords, Arc<AtOnce>) {
    let worker = Arc::new(AtOnce { full, ..AtOnce::default() });
    let file = parse(&format!("bob:{}:dev,ops\nann:{}\n", bcrypt_hash(), argon2_hash())).unwrap().0;
    (Passwords::new(file, worker.clone(), &SystemRandom).unwrap(), worker)
}

fn login(passwords: &Passwords, name: &str, password: &str, now: i64) -> Result<Option<UserInfo>, String> {
    let header = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
    show(passwords, &header, now)
}

fn show(passwords: &Passwords, header: &str, now: i64) -> Result<Option<UserInfo>, String> {
    let context = TokenContext { audiences: &[], now };
    let peer = "192.0.2.1".parse().ok();
    let credentials = Credentials { peer, ..Credentials::header(Some(header), context) };
    let answer = passwords.authenticate(&credentials).now_or_never().unwrap();
    answer.map(|i| i.map(|i| i.user)).map_err(|e| e.to_string())
}

#[test]
fn right_and_wrong() {
    let (passwords, worker) = passwords(false);
    let bob = login(&passwords, "bob", "secret", 0).unwrap().unwrap();
    assert_eq!(
        (bob.name.as_str(), bob.groups.as_slice()),
        ("bob", &["dev".to_owned(), "ops".to_owned()][..])
    );
    assert_eq!(login(&passwords, "ann", "secret", 0).unwrap().unwrap().name, "ann");
    let before = worker.jobs.load(Ordering::Relaxed);
    login(&passwords, "bob", "secret", 1).unwrap();
    assert_eq!(worker.jobs.load(Ordering::Relaxed), before, "it is remembered");
    for (name, password) in [("bob", "Secret"), ("ann", "secre"), ("eve", "secret"), ("bob", "secrets")] {
        assert_eq!(login(&passwords, name, password, 0).unwrap_err(), "wrong user or password");
    }
    assert_eq!(
        worker.jobs.load(Ordering::Relaxed),
        before + 4,
        "a hash is computed for users who are not there too"
    );
}

#[test]
fn whoever_is_wrong_too_often_waits() {
    let (passwords, worker) = passwords(false);
    login(&passwords, "bob", "secret", 0).unwrap();
    for _ in 0..6 {
        login(&passwords, "bob", "wrong", 0).unwrap_err();
    }
    let jobs = worker.jobs.load(Ordering::Relaxed);
    assert!(login(&passwords, "bob", "guess", 0).unwrap_err().contains("in 2s"));
    assert_eq!(worker.jobs.load(Ordering::Relaxed), jobs, "nothing is computed");
    assert!(login(&passwords, "bob", "secret", 1).unwrap().is_some(), "who is in stays in");
    assert!(login(&passwords, "bob", "guess", 3).unwrap_err().contains("wrong user"));
}

#[test]
fn a_new_file_counts_at_once() {
    let (passwords, _) = passwords(false);
    login(&passwords, "bob", "secret", 0).unwrap();
    passwords.replace(parse(&format!("ann:{}", bcrypt_hash())).unwrap().0);
    assert!(login(&passwords, "bob", "secret", 0).is_err());
    assert!(login(&passwords, "ann", "secret", 0).is_ok());
}

#[test]
fn too_much_work_is_refused() {
    let (passwords, _) = passwords(true);
    assert!(login(&passwords, "bob", "secret", 0).unwrap_err().contains("too many"));
}

#[test]
fn headers() {
    let (passwords, _) = passwords(false);
    for header in ["Basic", "Bearer x", "Negotiate abc", ""] {
        assert_eq!(show(&passwords, header, 0), Ok(None), "{header}");
    }
    for text in ["bob", ":secret", "bob:", "b\0b:secret", "bob:\0"] {
        let header = format!("bAsIc {}", STANDARD.encode(text));
        assert!(show(&passwords, &header, 0).unwrap_err().contains("no name and password"), "{text:?}");
    }
    let long = STANDARD.encode(format!("bob:{}", "x".repeat(LONGEST + 1)));
    assert!(show(&passwords, &format!("Basic {long}"), 0).is_err());
    assert!(show(&passwords, "Basic !!!", 0).is_err());
    assert!(show(&passwords, &format!("Basic {}", STANDARD.encode(b"bob:\xff")), 0).is_err());
    let member = Member::Remote(Arc::new(passwords));
    let bearer = Credentials::header(Some("Bearer x"), TokenContext { audiences: &[], now: 0 });
    assert_eq!(member.authenticate(&bearer).now_or_never(), Some(Ok(None)));
}

#[test]
fn files() {
    let error = |text: &str| parse(text).unwrap_err().to_string();
    let plain = error("# users\n\nbob:hunter2:dev");
    assert!(plain.starts_with("line 3: user `bob`: ") && plain.contains("refused"), "{plain}");
    assert!(!plain.contains("hunter2"), "{plain}");
    for other in
        ["$1$abc$def", "$6$abc$def", "{SHA}abc", "$apr1$abc$def", "$argon2i$v=19$m=64,t=1,p=1$YWJj$YWJj", ""]
    {
        assert!(error(&format!("bob:{other}")).contains("neither"), "{other}");
    }
    assert!(error("bob:$2b$31$abcdefghijklmnopqrstuuIJKLMNOPQRSTUVWXYZabcdefghijklm").contains("bcrypt"));
    assert!(
        error("bob:$argon2id$v=19$m=4194304,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$YWJjZGVmZ2hpamtsbW5vcA")
            .contains("too expensive")
    );
    assert!(error("bob").contains("NAME:HASH"));
    assert!(error(":x").contains("empty"));
    let hash = bcrypt_hash();
    assert!(error(&format!("bob:{hash}\nbob:{hash}")).starts_with("line 2: user `bob` is there twice"));
    let (file, warnings) = parse(&format!("bob:{hash}\r\n")).unwrap();
    assert_eq!((file.len(), warnings.len()), (1, 1), "a cheap hash is warned of");
    assert!(!format!("{file:?}").contains("$2b$"));
    assert!(parse("").unwrap().0.user("bob", "secret").is_none());
}

#[test]
fn bcrypt_does_not_cut_passwords() {
    let long = "x".repeat(72);
    let file = parse(&format!("bob:{}", bcrypt::hash(&long, 4).unwrap())).unwrap().0;
    assert!(file.user("bob", &long).is_some());
    assert!(file.user("bob", &format!("{long}y")).is_none());
}
