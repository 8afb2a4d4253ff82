"""How the tenant's page looks."""

from fastapi import APIRouter, Response

from api.deps import PROTECTED, CurrentRequest
from api.models.brand import Brand
from api.models.envelopes import Single
from api.openapi import ANSWERS
from include.warehouse.api_reads import read_brand

router = APIRouter(dependencies=PROTECTED, responses=ANSWERS)


@router.get("/brand", response_model=Single[Brand], summary="How the tenant's page looks", tags=["plants"])
def brand(request: CurrentRequest) -> Response:
    """Colours, the line at the foot and the logo, as in reports and mails; Heliograph's own where the operator set none."""
    with request.session() as session:
        return request.single(read_brand(session.connection))
