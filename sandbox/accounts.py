"""The account that each imitated cloud lets in, in the fields in which an operator enters it."""

from typing import Final

from sandbox.deye import gateway as deye
from sandbox.growatt import gateway as growatt
from sandbox.huawei import gateway as huawei
from sandbox.solaredge import gateway as solaredge
from sandbox.sungrow import gateway as sungrow

ACCOUNTS: Final[dict[str, dict[str, str]]] = {
    "sungrow": {
        "appkey": sungrow.APPKEY,
        "secret_key": sungrow.SECRET_KEY,
        "login": sungrow.USER_ACCOUNT,
        "password": sungrow.USER_PASSWORD,
    },
    "deye": {
        "login": deye.EMAIL,
        "password": deye.PASSWORD,
        "app_id": deye.APP_ID,
        "app_secret": deye.APP_SECRET,
        "company_id": str(deye.COMPANY_ID),
    },
    "huawei": {"login": huawei.USER, "password": huawei.PASSWORD},
    "solaredge": {"api_key": solaredge.API_KEY, "monthly_credits": "2000"},
    "growatt": {"api_key": growatt.API_TOKEN},
}
"""By vendor, without the host."""
