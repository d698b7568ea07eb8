//! Kubeconfig files: clusters, users, contexts.
