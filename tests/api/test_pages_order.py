from support.api import make_desk
from support.responder import signal

from responder import alert_growth


def test_the_hottest_alert_stands_first_on_the_desk(tmp_path) -> None:
    with make_desk(tmp_path) as desk:
        with desk.database.transaction() as session:
            for number, heat in enumerate(("red", "yellow", "orange"), 1):
                one = signal(
                    number, now=desk.clock(), fingerprint=heat, title=f"{heat} 事", heat=heat
                )
                alert_growth.absorb(session, one, now=desk.clock())
        page = desk.client().get("/").text
    assert page.index("red 事") < page.index("orange 事") < page.index("yellow 事")
