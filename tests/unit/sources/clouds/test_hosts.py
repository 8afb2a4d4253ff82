"""Which hosts may be called: the vendors' own and those that the operator names, in any disguise no other."""

import pytest

from include.core.errors import Refused
from include.core.vendors import VENDORS
from include.sources.clouds.hosts import base_url, is_vendors_own

EXTRA = "http://127.0.0.1:9100, https://Pv.Example.Org:8443/North/,,"

REFUSED = [
    # nothing, almost nothing, names without a scheme
    "",
    " ",
    "/",
    "mars",
    "Europe",
    " europe",
    "europe ",
    "gateway.isolarcloud.eu",
    "//gateway.isolarcloud.eu",
    "https://",
    "https:///",
    # this machine, its network, the cloud's metadata
    "https://127.0.0.1",
    "https://localhost",
    "https://0.0.0.0",
    "https://0",
    "https://10.0.0.1",
    "https://192.168.1.1",
    "https://169.254.169.254",
    "http://169.254.169.254/latest/meta-data/",
    "http://metadata.google.internal",
    "https://100.100.100.200",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:169.254.169.254]",
    "https://[fd00:ec2::254]",
    "https://[fe80::1%25eth0]",
    # the same in other notations
    "https://2852039166",
    "https://0xA9FEA9FE",
    "https://0251.0376.0251.0376",
    "https://0x7f.1",
    "https://127.1",
    "https://①②⑦.⓪.⓪.①",
    # user info, fragment, query, path
    "https://gateway.isolarcloud.eu@169.254.169.254",
    "https://user:pass@gateway.isolarcloud.eu",
    "https://@gateway.isolarcloud.eu",
    "https://gateway.isolarcloud.eu:443@127.0.0.1",
    "https://127.0.0.1#@gateway.isolarcloud.eu",
    "https://127.0.0.1?gateway.isolarcloud.eu",
    "https://127.0.0.1/gateway.isolarcloud.eu",
    "https://gateway.isolarcloud.eu#",
    "https://gateway.isolarcloud.eu?",
    "https://gateway.isolarcloud.eu/openapi",
    "https://gateway.isolarcloud.eu//",
    "https://gateway.isolarcloud.eu/..",
    "https://gateway.isolarcloud.eu\\@127.0.0.1",
    "https:\\\\gateway.isolarcloud.eu",
    "https://gateway.isolarcloud.eu%2f@127.0.0.1",
    "https://gateway.isolarcloud.eu%2f",
    "https://gateway.isolarcloud.eu%00.evil.test",
    "https://gateway%2eisolarcloud.eu",
    # other hosts that look alike
    "https://gateway.isolarcloud.eu.evil.test",
    "https://evil.test/gateway.isolarcloud.eu",
    "https://evilgateway.isolarcloud.eu",
    "https://x.gateway.isolarcloud.eu",
    "https://isolarcloud.eu",
    "https://gateway-isolarcloud.eu",
    "https://gateway.isolarcloud.eu.",
    "https://gateway.isolarcloud。eu",
    "https://gаteway.isolarcloud.eu",
    "https://gateway.isolarcloud.\u212au",
    "https://xn--gteway-4ve.isolarcloud.eu",
    # ports, schemes, white space
    "https://gateway.isolarcloud.eu:443",
    "https://gateway.isolarcloud.eu:8443",
    "https://gateway.isolarcloud.eu:",
    "http://gateway.isolarcloud.eu",
    "ftp://gateway.isolarcloud.eu",
    "gopher://gateway.isolarcloud.eu",
    "file:///etc/passwd",
    "file://gateway.isolarcloud.eu",
    "https+unix://gateway.isolarcloud.eu",
    "javascript:alert(1)",
    " https://gateway.isolarcloud.eu",
    "https://gateway.isolarcloud.eu ",
    "https://gateway.isolarcloud.eu\n",
    "https://gateway.isolarcloud.eu\r\nHost: evil.test",
    "https://gateway.isolarcloud.eu\t",
    "https://gateway.isolarcloud.eu\x00",
    "https:// gateway.isolarcloud.eu",
    # other vendors' hosts, and almost the ones of the operator
    "https://eu1-developer.deyecloud.com",
    "https://intl.fusionsolar.huawei.com",
    "http://127.0.0.1",
    "http://127.0.0.1:9101",
    "https://127.0.0.1:9100",
    "http://127.0.0.1:9100/thirdData",
    "http://localhost:9100",
    "http://pv.example.org:8443/north",
    "https://pv.example.org:8443",
    ",",
    EXTRA,
]


@pytest.mark.parametrize("host", REFUSED)
def test_what_is_not_exactly_an_allowed_host_is_refused(host):
    with pytest.raises(Refused, match="is not a host of Sungrow iSolarCloud; choose one of china, international, europe"):
        base_url(VENDORS["sungrow"], host, EXTRA)


HUAWEI_REFUSED = [
    "https://fusionsolar.huawei.com",
    "https://.fusionsolar.huawei.com",
    "https://a.b.fusionsolar.huawei.com",
    "https://eu5-x.fusionsolar.huawei.com",
    "https://eu5.fusionsolar.huawei.com.evil.test",
    "https://evil.test/eu5.fusionsolar.huawei.com",
    "https://eu5.fusionsolarXhuawei.com",
    "https://eu5.fusionsolar.huawei.com:444",
    "https://eu5.fusionsolar.huawei.com\n",
    "https://user@eu5.fusionsolar.huawei.com",
    "http://eu5.fusionsolar.huawei.com",
    "https://" + "a" * 31 + ".fusionsolar.huawei.com",
    "https://\u212aiosk.fusionsolar.huawei.com",
    "https://٥.fusionsolar.huawei.com",
]


@pytest.mark.parametrize("host", HUAWEI_REFUSED)
def test_a_site_of_huawei_is_one_short_word_before_the_domain(host):
    with pytest.raises(Refused, match=r"any https://<site>\.fusionsolar\.huawei\.com"):
        base_url(VENDORS["huawei"], host, EXTRA)


@pytest.mark.parametrize(
    ("vendor", "host", "expected"),
    [(vendor.name, host, url) for vendor in VENDORS.values() for name, url in vendor.regions.items() for host in (name, url)],
)
def test_every_region_is_allowed_by_its_name_and_by_its_address(vendor, host, expected):
    assert base_url(VENDORS[vendor], host, "") == expected


@pytest.mark.parametrize(
    ("vendor", "host", "expected"),
    [
        ("sungrow", "https://gateway.isolarcloud.eu/", "https://gateway.isolarcloud.eu"),
        ("sungrow", "HTTPS://Gateway.ISolarCloud.EU", "https://gateway.isolarcloud.eu"),
        ("huawei", "https://uni009eu5.fusionsolar.huawei.com", "https://uni009eu5.fusionsolar.huawei.com"),
        ("huawei", "https://" + "a" * 30 + ".fusionsolar.huawei.com/", "https://" + "a" * 30 + ".fusionsolar.huawei.com"),
        ("deye", "http://127.0.0.1:9100/", "http://127.0.0.1:9100"),
        ("huawei", "http://127.0.0.1:9100", "http://127.0.0.1:9100"),
        ("huawei", "https://pv.example.org:8443/North", "https://Pv.Example.Org:8443/North"),
    ],
)
def test_case_and_a_last_slash_do_not_matter_and_the_operators_spelling_is_kept(vendor, host, expected):
    assert base_url(VENDORS[vendor], host, EXTRA) == expected


def test_not_even_the_operator_can_allow_another_scheme():
    with pytest.raises(Refused):
        base_url(VENDORS["deye"], "file:///etc", "file:///etc")


def test_a_refusal_shows_at_most_eighty_characters_and_none_that_control_a_terminal():
    with pytest.raises(Refused) as refused:
        base_url(VENDORS["deye"], "\x1b[2J" + "x" * 10_000, "")

    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_refusal_shows_no_password_of_an_address():
    with pytest.raises(Refused) as refused:
        base_url(VENDORS["deye"], "https://me:hunter2@eu1-developer.deyecloud.com", "")

    assert "'eu1-developer.deyecloud.com' is not a host" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("host", ["gateway.isolarcloud.eu", "Gateway.Isolarcloud.EU", "anysite.fusionsolar.huawei.com"])
def test_hosts_of_vendors_are_known_as_their_own(host):
    assert is_vendors_own(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "sandbox", "gateway.isolarcloud.eu.evil.test", "fusionsolar.huawei.com", ""])
def test_other_hosts_are_not(host):
    assert not is_vendors_own(host)
