"""What ``yuqing doctor`` asks Elasticsearch: health, version, rights, mapping, clock, disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from posts.findings import Finding, of_clock, of_room
from posts.index.elasticsearch_connection import Connection, ElasticsearchSettings
from posts.index.elasticsearch_template import VERSION, Names, Template, meta

Clock = Callable[[], datetime]

_REFUSED = (401, 403)
_RIGHTS = ("read", "write", "create_index", "manage", "view_index_metadata")


def check(settings: ElasticsearchSettings, clock: Clock) -> Iterator[Finding]:
    """Every finding in turn. RetryError or FatalError where the server is away or refuses us."""
    connection = Connection(settings)
    where = connection.where
    template = Template(connection)
    names = template.names
    try:
        with connection.client() as client:
            yield _server(client, where)
            yield _transport(settings, where)
            yield _health(client, where)
            yield _rights(client, names, where)
            yield from _mapping(client, template, where)
            yield from _nodes(client, where, clock)
    finally:
        connection.close()


def _server(client: Elasticsearch, where: str) -> Finding:
    said = str(client.info()["version"]["number"])
    ours = version("elasticsearch")
    if said.split(".", maxsplit=1)[0] != ours.split(".")[0]:
        sentence = f"服务端 {said}，本程序的客户端 {ours}，主版本不同"
        return Finding("bad", "检索服务版本", sentence, where, "换成主版本相同的服务端")
    return Finding("ok", "检索服务版本", f"{said}，客户端 {ours}", where)


def _transport(settings: ElasticsearchSettings, where: str) -> Finding:
    hosts = [urlsplit(one.strip()) for one in settings.url.split(",") if one.strip()]
    local = all(one.hostname in ("127.0.0.1", "::1", "localhost") for one in hosts)
    signed_in = bool(settings.api_key or settings.username)
    if local or (signed_in and all(one.scheme == "https" for one in hosts)):
        return Finding("ok", "检索服务连接", "加密并登录" if not local else "只在本机", where)
    todo = "经过别的机器时用 https 地址和自己的用户，见 deploy/elasticsearch/setup.sh"
    return Finding("warn", "检索服务连接", "没有加密或没有登录", where, todo)


def _health(client: Elasticsearch, where: str) -> Finding:
    found = client.cluster.health()
    status, lost = found["status"], found["unassigned_shards"]
    if status == "red":
        todo = "看停掉的节点；数据丢了就从快照恢复，或 yuqing index rebuild 从日志重建"
        return Finding("bad", "检索集群", "red：有分片没有主副本，那里的帖文搜不到", where, todo)
    if status == "yellow" and found["number_of_data_nodes"] > 1:
        return Finding("warn", "检索集群", f"yellow：{lost} 个副本没有就位", where, "看停掉的节点")
    return Finding("ok", "检索集群", f"{status}，{found['number_of_data_nodes']} 个数据节点", where)


def _rights(client: Elasticsearch, names: Names, where: str) -> Finding:
    what = "检索索引权限"
    asked = [{"names": [names.every], "privileges": list(_RIGHTS)}]
    try:
        found = client.perform_request(
            "POST",
            "/_security/user/_has_privileges",
            headers={"accept": "application/json", "content-type": "application/json"},
            body={"cluster": ["monitor", "manage_index_templates"], "index": asked},
        ).body
    except ApiError as error:
        if error.status_code in _REFUSED:
            raise
        return Finding("ok", what, "服务端没有开启安全，人人可用", where)
    if found["has_all_requested"]:
        return Finding("ok", what, f"用户 {found['username']} 权限齐全", where)
    lacks = [name for name, has in found["cluster"].items() if not has]
    for rights in found["index"].values():
        lacks += [name for name, has in rights.items() if not has]
    todo = "请管理员按 deploy/elasticsearch/setup.sh 里的角色授权"
    return Finding("bad", what, f"缺少 {'、'.join(lacks)}", where, todo)


def _mapping(client: Elasticsearch, template: Template, where: str) -> Iterator[Finding]:
    names = template.names
    said = _template_version(client, names.posts)
    if said > VERSION:
        sentence = f"由更新的版本写成（格式 {said}，本程序认识到 {VERSION}）"
        yield Finding("bad", "索引模板", sentence, where, "升级本程序")
    elif said < VERSION:
        sentence = "还没有建立" if not said else f"格式 {said}，应为 {VERSION}"
        yield Finding("warn", "索引模板", sentence, where, "下次写入时自动建立")
    else:
        yield Finding("ok", "索引模板", f"格式 {said}", where)
    wanted = meta(template.analysers(client))
    mappings: Any = client.indices.get_mapping(index=names.every, ignore_unavailable=True).body
    old = sorted(one for one, it in mappings.items() if it["mappings"].get("_meta") != wanted)
    if old:
        sentence = f"{len(old)} 个月的索引是旧结构：{'、'.join(old[:5])}"
        yield Finding("warn", "索引结构", sentence, where, "运行 yuqing index migrate，检索不中断")
    else:
        yield Finding("ok", "索引结构", f"{len(mappings)} 个月，都是现在的结构", where)


def _template_version(client: Elasticsearch, name: str) -> int:
    try:
        answer: Any = client.indices.get_index_template(name=name).body
    except NotFoundError:
        return 0
    return int(answer["index_templates"][0]["index_template"].get("_meta", {}).get("version", 0))


def _nodes(client: Elasticsearch, where: str, clock: Clock) -> Iterator[Finding]:
    nodes: Any = client.nodes.stats(metric="fs").body["nodes"]
    for node in nodes.values():
        place = f"{where}，节点 {node['name']}"
        room = node["fs"]["total"]
        yield of_room("检索磁盘", place, room["available_in_bytes"], room["total_in_bytes"])
        dated = datetime.fromtimestamp(node["timestamp"] / 1000, tz=UTC)
        yield of_clock("检索服务时钟", place, dated - clock())
