"""The block's script in a page, with the ways in which themes tell that another variant was chosen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.badge.browser import visit
from tests.badge.theme import PRODUCT_ID, Storefront, cases, instant, said, variant

NOW = instant("2027-05-10T09:00:00Z")
COVERED = {"v": 1, "state": "covered", "say": "ships", "from": "2027-06-12"}
NO_DATE = {"v": 1, "state": "no_date"}
SHIPS = ["On backorder: ships around 12 June", "You pay today."]
UNDATED = ["On backorder: no date yet"]

FORM = f"""
<form action="/cart/add" id="instalments"><input type="hidden" name="id" value="11">
  <input type="hidden" name="product-id" value="{PRODUCT_ID}"></form>
<form action="/cart/add" id="buy"><input type="hidden" name="id" value="11">
  <button type="submit" name="add">Add</button>
  <input type="hidden" name="product-id" value="{PRODUCT_ID}"></form>
<form action="/cart/add" id="other"><input type="hidden" name="id" value="91"><button type="submit">Add</button>
  <input type="hidden" name="product-id" value="9"></form>
"""
# 11 is in stock, 12 has a date, 13 has none.
VARIANTS = [variant(11, quantity=4, data=COVERED), variant(12, data=COVERED), variant(13, data=NO_DATE)]


def page(block: str, form: str = FORM) -> str:
    return f'<body><div class="shopify-section" id="shopify-section-main">{block}{form}</div></body>'


def boots(**more: Any) -> dict[str, Any]:
    block = Storefront("en", NOW).block(VARIANTS)
    return {"page": page(block), "now": NOW.timestamp() * 1000, **more}


def seen(*steps: str, **more: Any) -> list[list[str]]:
    [looks] = visit(boots(steps=steps, **more))
    return [look["lines"] for look in looks]


def select_event(promise: str, product: int = PRODUCT_ID) -> str:
    return f"""document.querySelector('#buy').dispatchEvent(Object.assign(
        new Event('shopify:product:select', {{bubbles: true}}),
        {{product: {{id: 'gid://shopify/Product/{product}'}}, selectedOptions: [], promise: {promise}}}))"""


def answered(number: int) -> str:
    return f"Promise.resolve({{variant: {{id: 'gid://shopify/ProductVariant/{number}'}}}})"


def test_the_script_says_what_the_table_says_when_the_variant_is_chosen_later() -> None:
    visits = []
    for case in cases():
        shop = Storefront(case["locale"], instant(case["now"]), case.get("zone", "UTC"), bound=True)
        block = shop.block([variant(11, quantity=1), variant(12, **case)])
        visits.append(
            {
                "page": page(block),
                "now": instant(case["now"]).timestamp() * 1000,
                "steps": [select_event(answered(12))],
            }
        )
    for case, (first, second) in zip(cases(), visit(*visits), strict=True):
        assert first["lines"] == []
        assert (second["lines"], second["property"]) == said(case), case["name"]


def test_a_page_written_before_the_date_ran_out_corrects_itself() -> None:
    late = {Storefront(case["locale"], NOW).translate("badge.property.late_unknown") for case in cases()}
    overdue = [c for c in cases() if c["property"] in late and c["data"]["state"] != "late_unknown"]
    assert len(overdue) >= 5
    visits = []
    for case in overdue:
        early = Storefront(case["locale"], instant("2027-05-10T09:00:00Z"), bound=True)
        visits.append(
            {"page": page(early.block([variant(11, **case)])), "now": instant(case["now"]).timestamp() * 1000}
        )
    for case, (look,) in zip(overdue, visit(*visits), strict=True):
        assert (look["lines"], look["property"]) == said(case), case["name"]


def test_an_open_page_turns_to_delayed_the_moment_the_date_runs_out() -> None:
    data = {**COVERED, "until": 1812844800}
    midnight = "clock += 30; new Promise(done => setTimeout(done, 200))"
    block = Storefront("en", instant("2027-06-12T20:00:00Z")).block([variant(11, data=data)])
    [looks] = visit({"page": page(block), "now": 1812844800_000 - 30, "steps": [midnight]})
    assert looks[0]["lines"] == SHIPS
    assert looks[1]["lines"] == ["On backorder: delivery delayed, new date to come"]


def test_a_page_kept_for_days_names_no_day_that_has_passed() -> None:
    """Written on 10 May; opened on later days, in each state that names one."""
    told = {
        "limit": {"next": "2027-05-14"},
        "no_date": {"review": "2027-05-14"},
        "covered": {"from": "2027-05-14", "to": "2027-05-20"},
    }
    later = {
        "limit": ["Sold out for now"],
        "no_date": UNDATED,
        "covered": ["On backorder: ships around 20 May", "You pay today."],
    }
    visits = []
    for state, days in told.items():
        block = Storefront("en", NOW).block([variant(11, data={"v": 1, "state": state, **days})])
        visits.append({"page": page(block), "now": instant("2027-05-14T23:59:59Z").timestamp() * 1000, "steps": ["0"]})
        visits.append({"page": page(block), "now": instant("2027-05-15T00:00:00Z").timestamp() * 1000, "steps": ["0"]})
    looks = [look[0]["lines"] for look in visit(*visits)]
    assert all("14" in " ".join(said) for said in looks[::2])
    assert looks[1::2] == list(later.values())


def test_it_follows_the_standard_event() -> None:
    assert seen(select_event(answered(12)), select_event(answered(13))) == [[], SHIPS, UNDATED]


def test_a_combination_that_does_not_exist_says_nothing() -> None:
    assert seen(select_event(answered(12)), select_event("Promise.resolve({variant: null})")) == [
        [],
        SHIPS,
        [],
    ]


def test_a_slow_answer_does_not_overtake_a_newer_choice() -> None:
    slow = f"new Promise(done => setTimeout(() => done({{variant: {{id: 'gid://shopify/ProductVariant/{12}'}}}}), 20))"
    assert seen(select_event(slow) + ";" + select_event(answered(13)), "", "")[-1] == UNDATED


def test_a_failed_lookup_falls_back_to_the_form() -> None:
    step = "document.querySelector('#buy [name=id]').value = '13';" + select_event("Promise.reject(new Error('x'))")
    assert seen(step) == [[], UNDATED]


def test_another_products_event_changes_nothing() -> None:
    assert seen(select_event(answered(12)), select_event(answered(13), product=9)) == [[], SHIPS, SHIPS]


def test_it_follows_horizon() -> None:
    step = f"""document.dispatchEvent(new CustomEvent('variant:update',
        {{detail: {{resource: {{id: 12}}, data: {{productId: '{PRODUCT_ID}'}}}}}}))"""
    assert seen(step, step.replace(f"'{PRODUCT_ID}'", "'9'").replace("12", "13")) == [[], SHIPS, SHIPS]


DAWN = """
window.heard = [];
window.subscribe = (topic, act) => { window.heard.push([topic, act]); return () => { window.heard = []; }; };
window.publish = (topic, data) => window.heard.filter(([t]) => t === topic).forEach(([, act]) => act(data));
"""


@pytest.mark.parametrize("globals_", ["", "var PUB_SUB_EVENTS = {variantChange: 'variant-change'};"])
def test_it_follows_dawn(globals_: str) -> None:
    here = "publish('variant-change', {data: {sectionId: 'main', variant: {id: 12}}})"
    elsewhere = "publish('variant-change', {data: {sectionId: 'featured', variant: {id: 13}}})"
    none = "publish('variant-change', {data: {sectionId: 'main', variant: null}})"
    assert seen(here, elsewhere, none, before=globals_ + DAWN) == [[], SHIPS, SHIPS, []]


@pytest.mark.parametrize("form", ["buy", "instalments"])
def test_it_follows_the_field_that_will_be_sent(form: str) -> None:
    step = f"""for (const form of ['buy', 'instalments']) document.querySelector(`#${{form}} [name=id]`).value = '12';
        document.querySelector('#{form} [name=id]').dispatchEvent(new Event('change', {{bubbles: true}}))"""
    assert seen(step) == [[], SHIPS]


def test_another_products_form_changes_nothing() -> None:
    step = """const field = document.querySelector('#other [name=id]'); field.value = '12';
        field.dispatchEvent(new Event('change', {bubbles: true}))"""
    assert seen(step) == [[], []]


def test_it_follows_the_address_where_there_is_no_form() -> None:
    block = Storefront("en", NOW).block(VARIANTS)
    picker = '<select id="size"><option>S</option><option>M</option></select>'
    step = """history.replaceState(null, '', '?variant=12');
        document.querySelector('#size').dispatchEvent(new Event('change', {bubbles: true}))"""
    [looks] = visit({"page": page(block, picker), "now": NOW.timestamp() * 1000, "steps": [step]})
    assert [look["lines"] for look in looks] == [[], SHIPS]


def test_a_section_the_editor_loads_again_is_read_again() -> None:
    block = Storefront("en", NOW).block([variant(11, data=NO_DATE)])
    step = f"""document.querySelector('.shopify-section').innerHTML = {page(block)!r};
        document.querySelector('.shopify-section')
          .dispatchEvent(new Event('shopify:section:load', {{bubbles: true}}))"""
    assert seen(step) == [[], UNDATED]


def test_the_line_property_belongs_to_the_form_that_buys() -> None:
    [looks] = visit(boots(steps=[select_event(answered(12)), select_event(answered(11))]))
    assert [(look["form"], look["property"]) for look in looks] == [
        ("buy", None),
        ("buy", "12 June"),
        ("buy", None),
    ]


def test_only_the_enabled_property_is_sent() -> None:
    sent = """window.changes = [...new FormData(document.querySelector('#buy')).keys()].join()"""
    [looks] = visit(boots(steps=[sent, select_event(answered(12)), sent]))
    assert "Estimated" not in looks[1]["changes"]
    assert "properties[Estimated when ordered]" in looks[3]["changes"]


def test_the_same_words_are_not_announced_twice() -> None:
    watch = """window.changes = 0; new MutationObserver(list => { window.changes += list.length; })
        .observe(document.querySelector('[role=status]'), {childList: true, subtree: true})"""
    twice = [variant(11, data=NO_DATE), variant(12, data=NO_DATE), variant(13, data=COVERED)]
    block = Storefront("en", NOW).block(twice)
    [looks] = visit(
        {
            "page": page(block),
            "now": NOW.timestamp() * 1000,
            "steps": [watch, select_event(answered(12)), select_event(answered(13))],
        }
    )
    assert looks[2]["changes"] == 0
    assert looks[3]["changes"] == 1


FEATURED = """<div class="shopify-section" id="shopify-section-featured">{}
<form action="/cart/add" id="featured"><input type="hidden" name="id" value="11"><button name="add">Add</button>
  <input type="hidden" name="product-id" value="{}"></form></div>"""
LINES_OF_ALL = """window.changes = [...document.querySelectorAll('hf-promise')].map(badge =>
    [badge.querySelector('.hf-promise__line')?.textContent ?? '', badge.querySelector('input').form.id])"""


@pytest.mark.parametrize("event", ["standard", "dawn", "change"])
def test_of_two_badges_for_one_product_only_the_nearest_follows(event: str) -> None:
    block = Storefront("en", NOW).block(VARIANTS)
    second = FEATURED.format(block.replace('data-section="main"', 'data-section="featured"'), PRODUCT_ID)
    step = {
        "standard": select_event(answered(12)).replace("#buy", "#featured"),
        "dawn": "publish('variant-change', {data: {sectionId: 'featured', variant: {id: 12}}})",
        "change": """const field = document.querySelector('#featured [name=id]'); field.value = '12';
            field.dispatchEvent(new Event('change', {bubbles: true}))""",
    }[event]
    [looks] = visit(boots(page=page(block) + second, before=DAWN, steps=[step, LINES_OF_ALL]))
    assert looks[-1]["changes"] == [["", "buy"], [SHIPS[0], "featured"]]


def test_a_combination_that_dawn_does_not_make_says_nothing() -> None:
    form = FORM.replace("</form>", '<input type="radio" name="size" form="buy"></form>', 1)
    step = """document.querySelector('#buy [name=add]').disabled = true;
        document.querySelector('[name=size]').dispatchEvent(new Event('change', {bubbles: true}));
        new Promise(done => setTimeout(done, 800))"""
    block = Storefront("en", NOW).block(VARIANTS, chosen=1)
    [looks] = visit(boots(page=page(block, form.replace('value="11"', 'value="12"')), steps=[step]))
    assert [look["lines"] for look in looks] == [SHIPS, []]


def test_a_badge_the_theme_puts_in_anew_is_read_out_once() -> None:
    old, new = Storefront("en", NOW).block(VARIANTS, chosen=1), Storefront("en", NOW).block(VARIANTS, chosen=2)
    step = f"""window.changes = 0; const holder = document.querySelector('hf-promise').parentElement;
        document.querySelectorAll('#buy [name=id]').forEach(field => {{ field.value = '13'; }});
        holder.querySelector('hf-promise').outerHTML = {new!r};
        new MutationObserver(list => {{ window.changes += list.length; }})
          .observe(document.querySelector('[role=status]'), {{childList: true, subtree: true}});
        new Promise(done => setTimeout(done, 60))"""
    [looks] = visit(boots(page=page(old, FORM.replace('value="11"', 'value="12"')), steps=[step]))
    assert [look["lines"] for look in looks] == [SHIPS, UNDATED]
    assert [look["changes"] for look in looks] == [0, 1]


def test_nothing_is_asked_of_anyone() -> None:
    [looks] = visit(boots(steps=[select_event(answered(12)), select_event(answered(13))]))
    assert looks[-1]["asked"] == []


def test_beyond_250_variants_the_section_is_fetched_again() -> None:
    shop = Storefront("en", NOW)
    block = shop.block(VARIANTS, count=300)
    fresh = page(shop.block(VARIANTS, chosen=1, count=300))
    [looks] = visit({"page": page(block), "now": 0, "fetched": fresh, "steps": [select_event(answered(12))]})
    assert looks[1]["asked"] == ["/products/boots?variant=12&section_id=main"]
    assert looks[1]["lines"] == SHIPS
    assert looks[1]["property"] == "12 June"


def test_beyond_250_variants_an_unreachable_shop_takes_the_old_date_away() -> None:
    shop = Storefront("en", NOW)
    [looks] = visit(
        {
            "page": page(shop.block(VARIANTS, chosen=1, count=300), FORM.replace('"11"', '"12"')),
            "now": 0,
            "steps": [select_event(answered(13))],
        }
    )
    assert [look["lines"] for look in looks] == [SHIPS, []]
