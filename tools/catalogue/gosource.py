"""Reads the declarations of API types from Go source: structures, their fields with tags and markers, named types.

Entry point: parse().  It understands what gofmt makes of API packages: one field a line, markers in the comment right
above a field or type.
"""

import json
import pathlib
import re
from dataclasses import dataclass, field

# Packages beyond k8s.io/api, and the short ids their types have in the tables.
EXTRA = {
    "k8s.io/apimachinery/pkg/apis/meta/v1": "meta.v1",
    "k8s.io/apimachinery/pkg/apis/meta/v1beta1": "meta.v1beta1",
    "k8s.io/apimachinery/pkg/version": "version",
    "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1": "apiextensions.v1",
    "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1": "apiregistration.v1",
}

# Packages whose types the tables name without declaring them.
KNOWN = {
    "k8s.io/apimachinery/pkg/api/resource": "resource",
    "k8s.io/apimachinery/pkg/runtime": "runtime",
    "k8s.io/apimachinery/pkg/types": "types",
    "k8s.io/apimachinery/pkg/util/intstr": "intstr",
}


@dataclass
class Field:
    go_name: str  # "" for an embedded structure without JSON name
    type: str
    json: str
    options: set
    number: int
    patch: dict
    markers: dict


@dataclass
class Struct:
    name: str
    markers: dict
    fields: list = field(default_factory=list)
    opaque: bool = False  # has fields, but JSON shows none of them by name


@dataclass
class Named:
    name: str
    type: str
    markers: dict
    alias: bool  # `type A = B`: B under another name


@dataclass
class Package:
    path: str
    id: str
    group: str
    version: str
    structs: list = field(default_factory=list)
    named: list = field(default_factory=list)
    constants: dict = field(default_factory=dict)  # name -> (type, value)
    borrowed: list = field(default_factory=list)  # (name, type, path, constant): constants of another package


def package_id(path):
    """The short name of a package in the tables."""
    if path in EXTRA:
        return EXTRA[path]
    if path in KNOWN:
        return KNOWN[path]
    if path.startswith("k8s.io/api/"):
        return path.removeprefix("k8s.io/api/").replace("/", ".")
    return None


def api_packages(modules):
    """Import paths of all packages that declare API types."""
    api = modules / "k8s.io/api"
    found = {str(f.parent.relative_to(modules)) for f in api.glob("*/*/types.go")}
    return sorted(found | set(EXTRA))


def parse(modules, path):
    """Reads one package."""
    folder = modules / path
    sources = [f.read_text() for f in sorted(folder.glob("*.go")) if not skipped(f.name)]
    group = next((m[1] for s in sources for m in [re.search(r'GroupName\s*=\s*"([^"]*)"', s)] if m), "")
    package = Package(path, package_id(path), group, pathlib.Path(path).name)
    for source in sources:
        Reader(package, source).read()
    return package


def lend(packages):
    """Gives packages the constants they take from each other."""
    constants = {package.path: package.constants for package in packages}
    for package in packages:
        for name, kind, path, constant in package.borrowed:
            if constant in constants.get(path, {}):
                package.constants[name] = (kind, constants[path][constant][1])


def skipped(name):
    return name.startswith("zz_generated") or name.endswith((".pb.go", "_test.go", "_swagger_doc_generated.go"))


def markers(lines):
    """The `+name=value` lines of a comment."""
    found = {}
    for line in lines:
        if m := re.fullmatch(r"\+([\w:.\-]+)(?:=(.*))?", line.strip()):
            found.setdefault(m[1], []).append((m[2] or "").strip())
    return found


class Reader:
    """Walks the lines of one file."""

    def __init__(self, package, source):
        self.package = package
        self.imports = imports(source)
        self.source = source
        self.comment = []

    def read(self):
        lines = iter(strip_blocks(self.source).split("\n"))
        for line in lines:
            text = line.strip()
            if text.startswith("//"):
                self.comment.append(text[2:])
                continue
            if m := re.match(r"type (\w+) struct ?\{(\})?", line):
                self.struct(m[1], iter(()) if m[2] else lines)
            elif m := re.match(r"type (\w+) (= )?([^{(]+?)(?: //.*)?$", line):
                self.named(m[1], m[3], bool(m[2]))
            elif re.match(r"const \(", line):
                self.constants(lines)
            elif m := re.match(r'const (\w+)(?: (\w+))? = (?:\w+\()?("[^"]*")', line):
                self.package.constants[m[1]] = (m[2] or "", json.loads(m[3]))
            self.comment = []

    def named(self, name, text, alias):
        aliases = re.findall(r"\b(\w+)\.", text)
        if name[0].islower() or text.startswith(("interface", "func")) or not all(package_id(self.imports.get(a, "")) for a in aliases):
            return  # nothing an API field holds
        self.package.named.append(Named(name, self.qualify(text), markers(self.comment), alias))

    def constants(self, lines):
        for line in lines:
            if line.startswith(")"):
                return
            if m := re.match(r'\t(\w+)\s+(?:(\w+)\s*)?=\s*(?:(\w+)\()?("[^"]*")', line):
                self.package.constants[m[1]] = (m[2] or m[3] or "", json.loads(m[4]))
            elif m := re.match(r"\t(\w+)\s+(?:\w+\s*)?=\s*(\w+)\((\w+)\.(\w+)\)", line):
                self.package.borrowed.append((m[1], m[2], self.imports.get(m[3], ""), m[4]))

    def struct(self, name, lines):
        struct = Struct(name, markers(self.comment))
        comment = []
        for line in lines:
            text = line.strip()
            if text == "}":
                break
            if text.startswith("//"):
                comment.append(text[2:])
                continue
            if text:
                found = self.field(text, markers(comment))
                struct.fields += [found] if found else []
                struct.opaque |= not found
            comment = []
        self.package.structs.append(struct)

    def field(self, text, found):
        m = re.match(r"(?:(\w+)\s+)?([*\[\]\w.{}]+)\s+`(.*)`", text)
        if not m:
            if re.match(r"[A-Z]", text):
                raise ValueError(f"{self.package.path}: field without tag: {text}")
            return None
        tags = dict(re.findall(r'(\w+):"([^"]*)"', m[3]))
        if "json" not in tags or tags["json"] == "-":
            return None
        name, *options = tags["json"].split(",")
        if not name and m[1]:
            raise ValueError(f"{self.package.path}: named field without JSON name: {text}")
        wire = tags.get("protobuf", "-").split(",")
        number = int(wire[1]) if len(wire) > 1 else 0
        patch = {"strategy": tags.get("patchStrategy", ""), "key": tags.get("patchMergeKey", "")}
        return Field(m[1] or "", self.qualify(m[2]), name, set(options), number, patch, found)

    def qualify(self, text):
        """Replaces import aliases by package ids."""

        def one(m):
            path = self.imports.get(m[1])
            found = package_id(path) if path else None
            if not found:
                raise ValueError(f"{self.package.path}: unknown package of {m[0]}")
            return f"{found}.{m[2]}"

        return re.sub(r"\b(\w+)\.(\w+)", one, text.strip())


def imports(source):
    found = {}
    for alias, path in re.findall(r'^(?:import|\t) ?(?:(\w+) )?"([^"]+)"$', source, re.M):
        found[alias or path.rsplit("/", 1)[-1]] = path
    return found


def strip_blocks(source):
    return re.sub(r"/\*.*?\*/", "", source, flags=re.S)
