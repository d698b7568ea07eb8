//! The kubelet's and kube-proxy's configuration as it is in force: defaults, files, drop-ins, flags.
