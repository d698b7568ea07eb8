//! What a cloud exports: clusters, nodes, networks, registries, whoever's cloud it is.
