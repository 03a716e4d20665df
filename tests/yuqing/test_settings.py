from pathlib import Path

import pytest

from registry.errors import InvalidInputError
from yuqing import settings
from yuqing.settings_page import page

ROOT = Path(__file__).resolve().parents[2]


def test_the_settings_page_is_what_the_settings_say() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page()


def test_every_setting_is_described() -> None:
    empty = [
        line for line in page().splitlines() if line.startswith("| `") and line.endswith("|  |")
    ]
    assert empty == []


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path, monkeypatch) -> None:
    file = tmp_path / "yuqing.toml"
    file.write_text('[server]\nport = 1001\nhost = "127.0.0.9"\n[analyze]\nbatch = 7\n')
    monkeypatch.setenv("YUQING_SERVER__PORT", "1002")
    monkeypatch.setenv("YUQING_SERVER__HOST", "127.0.0.8")
    found = settings.load(file, {"server": {"port": 1003}})
    assert (found.server.port, found.server.host, found.analyze.batch) == (1003, "127.0.0.8", 7)


def test_without_a_file_the_defaults_hold_and_only_loopback_is_listened_on() -> None:
    found = settings.load(None)
    assert found.server.host == "127.0.0.1"
    assert found.crawl.allow_private == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[server]\nport = "x"\n', ["第 2 行", "server.port", "应为整数"]),
        ("[server]\n\nprot = 1\n", ["第 3 行", "server.prot", "没有这个设置项"]),
        (
            '[[source]]\nid="a"\nname="A"\n[[source]]\nname="B"\n',
            ["第 4 行", "source.1.id", "缺少"],
        ),
        ("[server\n", ["第 1 行", "TOML"]),
        ("[analyze]\nbatch = 0\n", ["第 2 行", "不应小于 1"]),
        ("[analyze]\nneutral_below = 0.9\n", ["第 2 行", "应小于 0.5"]),
        ('[[source]]\nid="a"\nname="A"\nspider="robot"\n', ["第 4 行", "应为其中之一"]),
    ],
)
def test_a_faulty_file_is_told_with_line_key_and_what_is_expected(tmp_path, text, said) -> None:
    file = tmp_path / "yuqing.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        settings.load(file)
    assert str(file) in caught.value.message
    for words in said:
        assert words in caught.value.message


def test_a_named_file_that_is_missing_is_an_error(tmp_path) -> None:
    with pytest.raises(InvalidInputError, match="配置文件不存在"):
        settings.load(tmp_path / "none.toml")


def test_a_file_in_another_encoding_is_told(tmp_path) -> None:
    file = tmp_path / "yuqing.toml"
    file.write_bytes('[area]\ncode = "德宏"\n'.encode("gb18030"))
    with pytest.raises(InvalidInputError, match="UTF-8"):
        settings.load(file)


def test_a_misspelt_variable_is_noticed() -> None:
    names = ["YUQING_SERVER__PORT", "YUQING_SERVE__PORT", "YUQING_DATA", "HOME"]
    assert settings.unknown_variables(names) == ["YUQING_SERVE__PORT"]


def test_a_variable_that_is_no_json_is_told(monkeypatch) -> None:
    monkeypatch.setenv("YUQING_CRAWL__ALLOW_PRIVATE", "[")
    with pytest.raises(InvalidInputError, match="YUQING"):
        settings.load(None)


def test_a_setting_may_stand_in_a_file_of_its_own(tmp_path, monkeypatch) -> None:
    secret = tmp_path / "port"
    secret.write_text("1004\n")
    file = tmp_path / "yuqing.toml"
    file.write_text("[server]\nport = 1001\n")
    monkeypatch.setenv("YUQING_SERVER__PORT_FILE", str(secret))
    assert settings.load(file).server.port == 1004
    assert settings.unknown_variables() == []
    monkeypatch.setenv("YUQING_SERVR__PORT_FILE", str(secret))
    monkeypatch.setenv("YUQING_KAFKA__PASSWORD_FILE", str(secret))  # kafka is no table
    unknown = ["YUQING_KAFKA__PASSWORD_FILE", "YUQING_SERVR__PORT_FILE"]
    assert settings.unknown_variables() == unknown
    monkeypatch.delenv("YUQING_KAFKA__PASSWORD_FILE")
    monkeypatch.setenv("YUQING_SERVER__PORT", "1005")
    with pytest.raises(InvalidInputError, match="只能有一个"):
        settings.load(file)


def test_a_secret_that_cannot_be_read_is_told_without_its_content(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("YUQING_DATABASE_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(InvalidInputError, match=r"YUQING_DATABASE_URL_FILE.*none"):
        settings.load(None)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    monkeypatch.setenv("YUQING_DATABASE_URL_FILE", str(binary))
    with pytest.raises(InvalidInputError, match="UTF-8"):
        settings.load(None)
