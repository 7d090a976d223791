package mobileinpaint.core

import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import org.junit.Test

class MaskTest {
    @Test
    fun `grey levels and alpha become a hole`() {
        for (case in golden("mask", "read")) {
            val polarity = Polarity.valueOf(case.text("polarity").uppercase())
            assertEquals(case.lists("hole"), Mask.read(case.bytes("rgba"), case.int("width"), case.int("height"), polarity).runs())
        }
    }

    @Test
    fun `strokes of a round brush`() {
        for (case in golden("mask", "painted")) {
            val mask = Mask(case.int("width"), case.int("height"))
            for (stroke in case.cases("strokes")) {
                val points = stroke.lists("points")
                for ((from, to) in points.zip(points.drop(1).ifEmpty { points })) {
                    mask.paint(from[0], from[1], to[0], to[1], stroke.int("radius"), stroke.flag("erase"))
                }
            }
            assertEquals(case.lists("hole"), mask.runs())
        }
    }

    @Test
    fun `a hole grows in discs`() {
        for (case in golden("mask", "grown")) {
            val mask = case.mask("hole")
            assertEquals(case.int("auto_px"), mask.autoPx)
            assertEquals(case.lists("grown"), mask.grow(case.int("px")).runs())
        }
    }

    @Test
    fun `masks that fill nothing are refused in Python's words`() {
        for (case in golden("mask", "refused")) {
            val (width, height) = case.ints("photo").toList()
            val check = { case.mask("hole").check(width, height, case.flag("allow_full")) }
            if ("refused" in case) assertEquals(case.text("refused"), assertFailsWith<MaskError> { check() }.message) else check()
        }
    }

    @Test
    fun `inverted masks are noticed`() {
        for (case in golden("mask", "hints")) assertEquals(case["hint"], polarityHint(case.mask("hole")))
    }
}
