package mobileinpaint.core

import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import org.junit.Test

/** Texts that no reader may choke on, and the names in golden/names.json. */
class JsonTest {
    @Test
    fun `plain names`() {
        val cases = golden("names", "names")
        assertTrue(cases.any { it.flag("plain") } && cases.any { !it.flag("plain") })
        for (case in cases) assertEquals(case.flag("plain"), isPlainName(case.name), quote(case.name))
        assertTrue(!isPlainName("\uD800") && !isPlainName("a\uDC00"))
    }

    @Test(timeout = 60_000)
    fun `what would exhaust a reader is refused, and soon`() {
        val refused = listOf(
            "[".repeat(5_000_000), "{\"a\":".repeat(1_000_000), "9".repeat(5_000_000), "-" + "9".repeat(20), "1e999", "-1e999",
            "-9223372036854775808", "9223372036854775808", "\"${"a".repeat(1_000_001)}\"", "\"${"\uD83D\uDE00".repeat(1_000_001)}\"",
            "\"\\ud800\"", "\"\\ude00\\ud83d\"", "\"${"\\ud800".repeat(100_000)}\"", "\"\\u12\"", "\"\\u",
        )
        for (text in refused) assertFailsWith<IllegalArgumentException>(text.take(20)) { parseJson(text) }
    }

    @Test(timeout = 60_000)
    fun `what is large and sound is read`() {
        assertEquals(1_000_000, (parseJson("\"${"a".repeat(1_000_000)}\"") as String).length)
        assertEquals(2_000_000, (parseJson("\"${"\uD83D\uDE00".repeat(1_000_000)}\"") as String).length)
        assertEquals(500_000, (parseJson("\"${"\\u00e9".repeat(500_000)}\"") as String).length)
        assertEquals(500_001, (parseJson("[${"1,".repeat(500_000)}1]") as List<*>).size)
        assertEquals(Long.MAX_VALUE, parseJson("9223372036854775807"))
        assertEquals(80, quote(parseJson("[${"\"a\",".repeat(500_000)}1]")).length)
    }
}
