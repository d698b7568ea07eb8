//! Who are you: client certificates, tokens, service-account JWTs, anonymous; token issuing.
