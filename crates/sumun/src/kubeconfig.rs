//! `sumun kubeconfig ncp`: a kubeconfig whose user is known by tokens of Naver Cloud.

use std::path::PathBuf;
use std::process::ExitCode;

use api::{Value, object};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Arg, ArgMatches, Command, ValueHint};
use client::tls::Trust;
use client::{Config, Kubeconfig, Pem, Server};

use crate::common::{Failure, end, exit, print};
use crate::token::{credentials, ncp};

pub(crate) const NAME: &str = "kubeconfig";

const HELP: &str = "\
Address and certificate authority of the server are taken from another kubeconfig, or given with --server. The result
goes to standard output; it holds no secret, so it can be handed to everybody.

Examples:
  sumun kubeconfig ncp --cluster-uuid 1f3c... --region KR --kubeconfig admin.kubeconfig > ncp.kubeconfig
  kubectl --kubeconfig ncp.kubeconfig auth whoami

  sumun kubeconfig ncp --cluster-uuid 1f3c... --server https://api.example.com:6443 --certificate-authority ca.crt

Exit codes: 0 a kubeconfig, 2 flags or files that make no sense.";

pub(crate) fn command() -> Command {
    let file =
        |name: &'static str| Arg::new(name).long(name).value_name("FILE").value_hint(ValueHint::FilePath);
    let ncp = Command::new("ncp")
        .about("A kubeconfig that logs in with Naver Cloud IAM")
        .after_help(HELP)
        .args(ncp::cluster_args())
        .args(credentials::args())
        .arg(Arg::new("server").long("server").value_name("URL").help("Address of the server"))
        .arg(file("certificate-authority").requires("server").help("What its certificate is checked by, PEM"))
        .arg(
            file("kubeconfig").conflicts_with("server").help(
                "Where address and authority are taken from [default: $KUBECONFIG, then ~/.kube/config]",
            ),
        )
        .arg(
            Arg::new("context")
                .long("context")
                .value_name("NAME")
                .conflicts_with("server")
                .help("Context of that kubeconfig"),
        )
        .arg(
            Arg::new("name")
                .long("name")
                .value_name("NAME")
                .default_value("ncp")
                .help("How cluster, user and context are called in the result"),
        )
        .arg(
            Arg::new("command")
                .long("command")
                .value_name("PROGRAM")
                .default_value("sumun")
                .help("The program that kubectl runs for a token"),
        );
    Command::new(NAME)
        .about("Write kubeconfig files")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(ncp)
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    end(match matches.subcommand() {
        Some(("ncp", matches)) => write(matches),
        _ => Err(Failure("ncp?".to_owned())),
    })
}

fn write(matches: &ArgMatches) -> Result<u8, Failure> {
    let cluster = cluster(&source(matches)?)?;
    print(&codec::yaml::write(&kubeconfig(matches, cluster)))?;
    Ok(exit::OK)
}

/// How the server is reached.
fn source(matches: &ArgMatches) -> Result<Config, Failure> {
    let one = |name: &str| matches.get_one::<String>(name);
    let Some(url) = one("server") else {
        let kubeconfig = match one("kubeconfig").map(PathBuf::from) {
            Some(path) => Kubeconfig::load(&path)?,
            None => Kubeconfig::load_default()?,
        };
        return Ok(kubeconfig.config(one("context").map(String::as_str))?);
    };
    let server = Server::parse(url, true).map_err(|why| format!("--server: {why}"))?;
    let mut config = Config::of_url(server);
    if let Some(file) = one("certificate-authority") {
        config.trust = Trust::Authorities(Pem::file("--certificate-authority", file));
    }
    Ok(config)
}

/// The entry of the cluster; nothing of who the source logs in as.
fn cluster(config: &Config) -> Result<Value, Failure> {
    let mut cluster = object! { "server" => config.server.to_string() };
    match &config.trust {
        Trust::System => {}
        Trust::Authorities(pem) => {
            // Read as certificates first: a wrong file is found out here, not by kubectl.
            pem.certificates()?;
            cluster.set_at(&["certificate-authority-data"], STANDARD.encode(pem.read()?));
        }
        Trust::Anybody => cluster.set_at(&["insecure-skip-tls-verify"], true),
    }
    if let Some(name) = &config.server_name {
        cluster.set_at(&["tls-server-name"], name.as_str());
    }
    Ok(cluster)
}

fn kubeconfig(matches: &ArgMatches, cluster: Value) -> Value {
    let text = |name: &str| matches.get_one::<String>(name).map_or("", String::as_str);
    let name = text("name");
    let mut args = vec!["token", "ncp"];
    for (flag, key) in [
        ("--cluster-uuid", "cluster-uuid"),
        ("--region", "region"),
        ("--profile", "profile"),
        ("--credential-config", "credential-config"),
    ] {
        if !text(key).is_empty() {
            args.extend([flag, text(key)]);
        }
    }
    let exec = object! {
        "apiVersion" => "client.authentication.k8s.io/v1",
        "command" => text("command"),
        "args" => args,
        "interactiveMode" => "Never",
        "provideClusterInfo" => false,
        "installHint" => "sumun makes the token; put it into $PATH",
    };
    object! {
        "apiVersion" => "v1",
        "kind" => "Config",
        "clusters" => vec![object! { "name" => name, "cluster" => cluster }],
        "users" => vec![object! { "name" => name, "user" => object! { "exec" => exec } }],
        "contexts" => vec![object! {
            "name" => name, "context" => object! { "cluster" => name, "user" => name },
        }],
        "current-context" => name,
    }
}
