"""XMP of an edited photo: what belongs to another picture is taken out, everything else stays.

The packet is read as a stream, so that its nesting does not matter. Entities are never expanded: a packet that declares any is
not XMP.

Source: ISO 16684-1:2019 (XMP), section 7; Namespaces in XML 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

LARGEST_PACKET = 16_000_000
"""Bytes; a JPEG holds 65,502."""

# What announces or contains a second picture (gain map, depth, motion, thumbnail) that does not know of the edit.
_SECOND_PICTURE = re.compile(
    r"http://ns\.(?:adobe\.com/(?:hdr-gain-map/|xmp/note/|xap/1\.0/g/img/)|google\.com/photos/(?!1\.0/panorama/)|apple\.com/)"
)
_STALE_PROPERTIES = {("http://ns.adobe.com/xap/1.0/", "Thumbnails"), ("http://ns.adobe.com/tiff/1.0/", "Orientation")}
# The last three are how a packet could spell the others without their letters: references, UTF-16, declarations.
_SUSPICIOUS = re.compile(_SECOND_PICTURE.pattern.encode() + rb"|Thumbnails|Orientation|&#|\0|<!")
_ORIENTATION = re.compile(rb"""tiff:Orientation(?:=["']|>)([1-8])""")


def orientation(packet: bytes) -> int:
    """How the stored pixels must be turned, 1 (as they are) to 8."""
    match = _ORIENTATION.search(packet)
    return int(match[1]) if match else 1


def scrubbed(packet: bytes) -> bytes:
    """The packet without what belongs to another picture; as it is where there is nothing of the kind.

    Returns:
        UTF-8; empty where the packet is too broken or too large to be read, since nobody could say what it still announces.
    """
    if not _SUSPICIOUS.search(packet):
        return packet
    if len(packet) > LARGEST_PACKET:
        return b""
    scrubber = _Scrubber()
    try:
        scrubber.parser.Parse(packet, True)
    except (expat.ExpatError, ValueError, LookupError):  # also what an unknown encoding raises
        return b""
    return "".join(scrubber.written).encode(errors="replace") if scrubber.found else packet


class _Scrubber:
    """Writes what it is told, without what is stale.

    Attributes:
        written: the new packet's text, in pieces.
        found: whether anything was left out.
    """

    def __init__(self) -> None:
        self.written: list[str] = []
        self.found = False
        self._hidden = 0  # how many elements are open from the outermost stale one on
        self._namespaces: dict[str, str] = {"xml": "http://www.w3.org/XML/1998/namespace", "xmlns": ""}
        self._undo: list[dict[str, str | None]] = []  # for each open element, what its declarations replaced
        self.parser = parser = expat.ParserCreate()
        parser.ordered_attributes = True
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = lambda text: self._write(escape(text))
        parser.ProcessingInstructionHandler = lambda target, data: self._write(f"<?{target} {data}?>")
        parser.CommentHandler = lambda text: self._write(f"<!--{text}-->")
        parser.StartDoctypeDeclHandler = self._refuse

    def _start(self, name: str, attributes: Sequence[str]) -> None:
        pairs = list(zip(attributes[::2], attributes[1::2], strict=True))
        self._declare([(key, value) for key, value in pairs if key == "xmlns" or key.startswith("xmlns:")])
        if self._hidden or self._is_stale(name, default=self._namespaces.get("", "")):
            self._hidden += 1
            self.found = True
            return
        kept = [(key, value) for key, value in pairs if not self._announces(key, value)]
        self.found = self.found or len(kept) < len(pairs)
        self._write(f"<{name}" + "".join(f" {key}={quoteattr(value)}" for key, value in kept) + ">")

    def _end(self, name: str) -> None:
        for prefix, before in self._undo.pop().items():
            if before is None:
                del self._namespaces[prefix]
            else:
                self._namespaces[prefix] = before
        if self._hidden:
            self._hidden -= 1
        else:
            self._write(f"</{name}>")

    def _declare(self, declarations: Sequence[tuple[str, str]]) -> None:
        replaced: dict[str, str | None] = {}
        for key, uri in declarations:
            prefix = key.partition(":")[2]
            replaced[prefix] = self._namespaces.get(prefix)
            self._namespaces[prefix] = uri
        self._undo.append(replaced)

    def _announces(self, key: str, value: str) -> bool:
        if key.startswith("xmlns:"):
            return _SECOND_PICTURE.match(value) is not None
        return self._is_stale(key, default="")

    def _is_stale(self, name: str, default: str) -> bool:
        prefix, colon, local = name.rpartition(":")
        if colon and prefix not in self._namespaces:
            raise ValueError("a prefix without a namespace")
        namespace = self._namespaces[prefix] if colon else default
        return _SECOND_PICTURE.match(namespace) is not None or (namespace, local) in _STALE_PROPERTIES

    def _write(self, text: str) -> None:
        if not self._hidden:
            self.written.append(text)

    def _refuse(self, *_: object) -> None:
        raise ValueError("a document type")
