"""What the Python client does with the server: every verb, a watch, and a loop that keeps a copy of a list.

usage: client.py KUBECONFIG NAMESPACE
"""

import sys
import threading
import time

from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.exceptions import ApiException

NAMESPACE = sys.argv[2]
DEADLINE = time.monotonic() + 60


def configmap(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"made-by": "python"}), data=data)


def verbs(core):
    made = core.create_namespaced_config_map(NAMESPACE, configmap("one", a="1"))
    assert made.data == {"a": "1"} and made.metadata.uid, made
    again = raises(409, core.create_namespaced_config_map, NAMESPACE, configmap("one"))
    assert again["reason"] == "AlreadyExists", again

    read = core.read_namespaced_config_map("one", NAMESPACE)
    assert read.metadata.resource_version == made.metadata.resource_version
    read.data["b"] = "2"
    replaced = core.replace_namespaced_config_map("one", NAMESPACE, read)
    assert replaced.data == {"a": "1", "b": "2"}
    stale = raises(409, core.replace_namespaced_config_map, "one", NAMESPACE, read)
    assert stale["reason"] == "Conflict", stale

    patched = core.patch_namespaced_config_map("one", NAMESPACE, {"data": {"b": None, "c": "3"}})
    assert patched.data == {"a": "1", "c": "3"}, patched.data
    patched = core.patch_namespaced_config_map(
        "one", NAMESPACE, [{"op": "replace", "path": "/data/a", "value": "9"}]
    )
    assert patched.data == {"a": "9", "c": "3"}, patched.data

    listed = core.list_namespaced_config_map(NAMESPACE, label_selector="made-by=python")
    assert [item.metadata.name for item in listed.items] == ["one"], listed
    core.delete_namespaced_config_map("one", NAMESPACE)
    gone = raises(404, core.read_namespaced_config_map, "one", NAMESPACE)
    assert gone["details"] == {"kind": "configmaps", "name": "one"}, gone


def raises(status, call, *arguments):
    """The Status that a failing call is answered with."""
    import json

    try:
        call(*arguments)
    except ApiException as error:
        assert error.status == status, error
        return json.loads(error.body)
    raise AssertionError(f"{call} did not fail")


def pages(core):
    for number in range(7):
        core.create_namespaced_config_map(NAMESPACE, configmap(f"page-{number}"))
    names, token, requests = [], None, 0
    while token != "":
        page = core.list_namespaced_config_map(
            NAMESPACE, label_selector="made-by=python", limit=3, _continue=token
        )
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue or ""
        requests += 1
    assert names == [f"page-{number}" for number in range(7)] and requests == 3, (names, requests)
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="made-by=python")
    assert not core.list_namespaced_config_map(NAMESPACE, label_selector="made-by=python").items


def workloads(api):
    """Objects of other groups, by generated classes, from a mapping, and by discovery alone."""
    apps = client.AppsV1Api(api)
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "main", "image": "example.com/web:1"}]},
            },
        },
    }
    utils.create_from_dict(api, deployment, namespace=NAMESPACE)
    scale = apps.patch_namespaced_deployment_scale("web", NAMESPACE, {"spec": {"replicas": 3}})
    assert scale.spec.replicas == 3, scale
    read = apps.read_namespaced_deployment("web", NAMESPACE)
    assert read.spec.replicas == 3 and read.metadata.generation == 2, read
    assert read.spec.strategy.rolling_update.max_surge == "25%", read.spec.strategy

    discovered = dynamic.DynamicClient(api)
    leases = discovered.resources.get(api_version="coordination.k8s.io/v1", kind="Lease")
    lease = {"metadata": {"name": "held"}, "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15}}
    leases.create(body=lease, namespace=NAMESPACE)
    applied = leases.server_side_apply(
        body={
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "held"},
            "spec": {"leaseTransitions": 1},
        },
        name="held",
        namespace=NAMESPACE,
        field_manager="python",
    )
    assert applied.spec.holderIdentity == "me" and applied.spec.leaseTransitions == 1, applied
    leases.delete(name="held", namespace=NAMESPACE)
    apps.delete_namespaced_deployment("web", NAMESPACE, propagation_policy="Background")


def watching(core):
    """A stream from a revision says each change once, in order."""
    start = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version

    def change():
        core.create_namespaced_config_map(NAMESPACE, configmap("seen", n="0"))
        for number in range(1, 20):
            core.patch_namespaced_config_map("seen", NAMESPACE, {"data": {"n": str(number)}})
        core.delete_namespaced_config_map("seen", NAMESPACE)

    writer = threading.Thread(target=change)
    writer.start()
    seen, revision = [], int(start)
    stream = watch.Watch()
    for event in stream.stream(
        core.list_namespaced_config_map, NAMESPACE, resource_version=start, timeout_seconds=50
    ):
        at = int(event["object"].metadata.resource_version)
        assert at > revision, (at, revision)
        revision = at
        seen.append((event["type"], event["object"].data["n"]))
        if event["type"] == "DELETED":
            stream.stop()
    writer.join()
    expected = [("ADDED", "0")] + [("MODIFIED", str(number)) for number in range(1, 20)] + [("DELETED", "19")]
    assert seen == expected, seen


def copying(core):
    """List, then watch in short turns, keeping a copy, as an informer does: it ends as the store does."""
    stop = threading.Event()
    copy, events = {}, []

    def keep():
        page = core.list_namespaced_config_map(NAMESPACE, label_selector="made-by=python")
        copy.update({item.metadata.name: item.data for item in page.items})
        revision = page.metadata.resource_version
        while not stop.is_set():
            stream = watch.Watch()
            for event in stream.stream(
                core.list_namespaced_config_map,
                NAMESPACE,
                label_selector="made-by=python",
                resource_version=revision,
                timeout_seconds=1,
                allow_watch_bookmarks=True,
            ):
                item = event["object"]
                revision = item.metadata.resource_version
                if event["type"] == "DELETED":
                    del copy[item.metadata.name]
                elif event["type"] in ("ADDED", "MODIFIED"):
                    copy[item.metadata.name] = item.data
                if event["type"] != "BOOKMARK":
                    events.append((item.metadata.name, revision))

    keeper = threading.Thread(target=keep)
    keeper.start()
    changes = 0
    for number in range(60):
        name = f"copy-{number % 7}"
        try:
            core.create_namespaced_config_map(NAMESPACE, configmap(name, n=str(number)))
        except ApiException as error:
            assert error.status == 409, error
            if number % 3:
                core.patch_namespaced_config_map(name, NAMESPACE, {"data": {"n": str(number)}})
            else:
                core.delete_namespaced_config_map(name, NAMESPACE)
        changes += 1
        time.sleep(0.03)
    final = core.list_namespaced_config_map(NAMESPACE, label_selector="made-by=python")
    wanted = {item.metadata.name: item.data for item in final.items}
    while copy != wanted and time.monotonic() < DEADLINE:
        time.sleep(0.02)
    stop.set()
    keeper.join()
    assert copy == wanted, (copy, wanted)
    assert len(set(events)) == len(events), "an event came twice"
    assert len(events) <= changes, (len(events), changes)


def main():
    config.load_kube_config(sys.argv[1])
    api = client.ApiClient()
    core = client.CoreV1Api(api)
    assert client.VersionApi(api).get_code().minor == "36"
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
    for step in (verbs, pages, watching, copying):
        step(core)
        print("ok", step.__name__, flush=True)
    workloads(api)
    print("ok workloads", flush=True)


main()
