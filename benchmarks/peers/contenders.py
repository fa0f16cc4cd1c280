"""All contenders."""

from .aiohttp_send import AiohttpSend
from .bare_c import BareC
from .bare_python import BarePython
from .base import Contender
from .centrifugo import Centrifugo
from .nchan import Nchan
from .node_ws import NodeWs
from .websockets_broadcast import WebsocketsBroadcast

FLOOR = BarePython()
BARE_C = BareC()
AIOHTTP = AiohttpSend()
NCHAN = Nchan()
COMPRESSING: tuple[Contender, ...] = (
    AIOHTTP,
    WebsocketsBroadcast(),
    NodeWs(),
    NCHAN,
    Centrifugo(),
    Centrifugo(protobuf=True),
)
CONTENDERS: tuple[Contender, ...] = (FLOOR, BARE_C, *COMPRESSING)
