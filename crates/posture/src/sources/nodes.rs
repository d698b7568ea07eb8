//! Nodes and workloads of the system: what is installed in a cluster, and who made it.
