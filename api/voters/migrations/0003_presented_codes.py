"""How often each access code was presented."""

import sqlalchemy as sa
from alembic import op

from api.append_only import only_grow

revision = "voters_0003"
down_revision = "voters_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds two numbers, which begin at 0 and only grow."""
    for name in ("opened", "refused"):
        op.add_column("access_method", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    only_grow("access_method", ("opened", "refused"))
