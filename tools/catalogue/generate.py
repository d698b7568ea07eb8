#!/usr/bin/env python3
"""Writes the tables under crates/schema/catalogue from a Kubernetes source tree and a discovery dump.

    generate.py --modules DIR --discovery DIR --out crates/schema/catalogue

DIR of --modules holds the Go modules `k8s.io/{api,apimachinery,apiextensions-apiserver,kube-aggregator}` (a `vendor`
folder, or `staging/src` of the Kubernetes tree).  DIR of --discovery holds the answers of a server of the same
version: `api_v1.json`, `apis_<group>_<version>.json`, `apis.json`.  Names, numbers, types and flags are taken over, no
texts.  The format is described in crates/schema/catalogue/README.md.
"""

import argparse
import pathlib
import sys

import gosource
import resources
import tables


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--modules", type=pathlib.Path, required=True, help="folder that holds k8s.io/api and its siblings")
    args.add_argument("--discovery", type=pathlib.Path, required=True, help="folder of recorded discovery documents")
    args.add_argument("--out", type=pathlib.Path, required=True, help="folder the tables are written to")
    args = args.parse_args()
    packages = [gosource.parse(args.modules, path) for path in gosource.api_packages(args.modules)]
    gosource.lend(packages)
    args.out.mkdir(parents=True, exist_ok=True)
    for old in args.out.glob("*.txt"):
        old.unlink()
    for package in packages:
        (args.out / f"{package.id}.txt").write_text(tables.render(package))
    (args.out / "resources.txt").write_text(resources.render(args.discovery, packages))
    print(f"{len(packages)} packages, {sum(len(p.structs) for p in packages)} structures", file=sys.stderr)


if __name__ == "__main__":
    main()
