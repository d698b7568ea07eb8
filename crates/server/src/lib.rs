//! TLS, HTTP, routing, verbs, health, controllers.
