use super::*;

fn config(change: impl FnOnce(&mut Config)) -> Config {
    let mut config =
        Config { service_account_signing_endpoint: Some("/run/signer.sock".to_owned()), ..Config::default() };
    change(&mut config);
    config
}

#[test]
fn flags_that_contradict_each_other() {
    let judged = |change: fn(&mut Config)| check(&config(change));
    assert_eq!(judged(|_| {}), Ok(()));
    assert_eq!(judged(|c| c.service_account_signing_endpoint = Some("@a-b_c.d0".into())), Ok(()));
    let exclusive = "can't set `--service-account-signing-key-file` and/or `--service-account-key-file` with \
                     `--service-account-signing-endpoint` (They are mutually exclusive)";
    let both: [fn(&mut Config); 2] = [
        |c| c.service_account_signing_key_file = Some("k".into()),
        |c| c.service_account_key_file.push("k".into()),
    ];
    for change in both {
        assert_eq!(judged(change), Err(exclusive.to_owned()));
        let mut neither = config(change);
        neither.service_account_signing_endpoint = None;
        assert_eq!(check(&neither), Ok(()));
    }
    for name in ["@", "@a..b", "@a/b", "@a.", "@ä"] {
        let judged = check(&config(|c| c.service_account_signing_endpoint = Some(name.into())));
        let want = format!(
            "invalid value \"{name}\" passed for `--service-account-signing-endpoint`, when prefixed with @ must be a \
             valid abstract socket name"
        );
        assert_eq!(judged, Err(want));
    }
    let all = check(&config(|c| {
        c.service_account_signing_endpoint = Some("@".into());
        c.service_account_key_file.push("k".into());
    }));
    assert!(all.is_err_and(|e| e.starts_with(&format!("[{exclusive}, invalid value"))));
}

#[test]
fn no_flag_allows_more_than_the_signer() {
    let judged = |most: i64, wanted: Option<u64>| {
        let external = External {
            channel: Channel::new("/nowhere"),
            ring: KeyRing::of([]),
            max_seconds: most,
            limit: ASK_LIMIT,
            fetching: Mutex::default(),
            next_fetch: AtomicU64::new(0),
            news: Notify::new(),
            metrics: Metrics::default(),
        };
        external.check_life(&config(|c| {
            c.service_account_max_token_expiration = wanted.map(Duration::from_secs);
        }))
    };
    assert_eq!(
        judged(599, None),
        Err("max token life supported by external-jwt-signer (599s) is less than acceptable (min 600s)"
            .into())
    );
    assert_eq!(judged(600, None), Ok(()));
    assert_eq!(judged(7200, Some(7200)), Ok(()));
    assert_eq!(
        judged(7200, Some(7201)),
        Err("service-account-max-token-expiration cannot be set longer than the token expiration supported by \
             service-account-signing-endpoint: 2h0m1s > 2h0m0s"
            .into())
    );
    assert_eq!(judged(i64::MAX, None), Ok(()));
}
