package mobileinpaint.core

import java.math.BigDecimal

/**
 * JSON to the letter of RFC 8259, as `null`, [Boolean], [Long], [Double], [String], [List] and [Map] in the file's order.
 *
 * The platform's own reader takes what is no JSON (single quotes, comments, leading zeros, NaN) and forgets whether a number had a
 * point; a manifest that Python refuses would be taken here.
 *
 * @throws IllegalArgumentException it is not JSON; nested deeper than 64; a whole number outside 64 bits, or another that is too
 *   large; a text with half of a surrogate pair, or of more than a million characters.
 */
internal fun parseJson(text: String): Any? = JsonText(text).whole()

// The limits of mobile_inpaint/documents.py.
private const val DEEPEST = 64
private const val LONGEST_TEXT = 1_000_000
private const val LONGEST_SHOWN = 80
private val NUMBER = Regex("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?")

private class JsonText(private val text: String) {
    private var at = 0

    fun whole(): Any? {
        val value = value(0)
        blank()
        require(at == text.length)
        return value
    }

    private fun value(depth: Int): Any? {
        require(depth <= DEEPEST)
        blank()
        return when (text.getOrNull(at)) {
            '{' -> table(depth)
            '[' -> list(depth)
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> number()
        }
    }

    private fun table(depth: Int): Map<String, Any?> {
        val table = LinkedHashMap<String, Any?>()
        if (opens('}')) return table
        do {
            blank()
            val key = string()
            blank()
            require(takes(':'))
            table[key] = value(depth + 1)
        } while (more('}'))
        return table
    }

    private fun list(depth: Int): List<Any?> {
        val list = mutableListOf<Any?>()
        if (opens(']')) return list
        do list += value(depth + 1) while (more(']'))
        return list
    }

    /** Takes the opening bracket, and [close] if it follows. */
    private fun opens(close: Char): Boolean {
        at++
        blank()
        return takes(close)
    }

    /** Takes a comma, or [close] and is false. */
    private fun more(close: Char): Boolean {
        blank()
        if (takes(',')) return true
        require(takes(close))
        return false
    }

    private fun string(): String {
        require(takes('"'))
        val out = StringBuilder()
        while (true) {
            require(at < text.length)
            when (val letter = text[at++]) {
                '"' -> return out.toString().also { require(isWhole(it) && it.codePointCount(0, it.length) <= LONGEST_TEXT) }
                '\\' -> out.append(escaped())
                else -> out.append(letter.also { require(it >= ' ') })
            }
        }
    }

    private fun escaped(): Char = when (val letter = text.getOrElse(at++) { throw IllegalArgumentException() }) {
        '"', '\\', '/' -> letter
        'b' -> '\b'
        'f' -> '\u000C'
        'n' -> '\n'
        'r' -> '\r'
        't' -> '\t'
        'u' -> {
            require(at + 4 <= text.length)
            val digits = text.substring(at, at + 4)
            require(digits.all { it in '0'..'9' || it in 'a'..'f' || it in 'A'..'F' })
            at += 4
            digits.toInt(16).toChar()
        }
        else -> throw IllegalArgumentException()
    }

    private fun number(): Number {
        val found = requireNotNull(NUMBER.matchAt(text, at)).value
        at += found.length
        if (found.any { it in ".eE" }) return found.toDouble().also { require(it.isFinite()) }
        return requireNotNull(found.toLongOrNull()?.takeIf { it != Long.MIN_VALUE }) // -2^63 has no positive counterpart
    }

    private fun word(word: String, value: Any?): Any? {
        require(text.startsWith(word, at))
        at += word.length
        return value
    }

    private fun takes(letter: Char): Boolean = (text.getOrNull(at) == letter).also { if (it) at++ }

    private fun blank() {
        while (at < text.length && text[at] in " \t\r\n") at++
    }
}

/**
 * [value], made of what [parseJson] gives, as Python's `json.dumps(value, indent=1, ensure_ascii=False)` writes it.
 *
 * @throws IllegalArgumentException a number that JSON has not.
 */
internal fun writeJson(value: Any?, depth: Int = 0): String = when (value) {
    is Map<*, *> -> lines('{', '}', depth, value.entries.map { (key, item) -> "${quoted(key as String)}: ${writeJson(item, depth + 1)}" })
    is List<*> -> lines('[', ']', depth, value.map { writeJson(it, depth + 1) })
    is String -> quoted(value)
    is Double -> decimal(value).also { require(value.isFinite()) }
    null, is Boolean, is Int, is Long -> value.toString()
    else -> throw IllegalArgumentException("$value")
}

private fun lines(open: Char, close: Char, depth: Int, items: List<String>): String {
    if (items.isEmpty()) return "$open$close"
    val start = "\n" + " ".repeat(depth + 1)
    return items.joinToString(",$start", "$open$start", "\n${" ".repeat(depth)}$close")
}

private fun quoted(text: String) = text.map {
    when (it) {
        '"' -> "\\\""
        '\\' -> "\\\\"
        '\n' -> "\\n"
        '\r' -> "\\r"
        '\t' -> "\\t"
        '\b' -> "\\b"
        '\u000C' -> "\\f"
        else -> if (it < ' ') "\\u%04x".format(it.code) else it.toString()
    }
}.joinToString("", "\"", "\"")

/** The shortest decimal that reads back as [value], laid out as Python's repr does; Java's own is neither before JDK 19. */
internal fun decimal(value: Double): String {
    if (value.isNaN()) return "nan"
    if (value.isInfinite()) return if (value > 0) "inf" else "-inf"
    val sign = if (value < 0 || 1 / value < 0) "-" else ""
    if (value == 0.0) return "${sign}0.0"
    val size = Math.abs(value)
    val exact = BigDecimal(size)
    val shortest = (1..17).map { exact.round(java.math.MathContext(it)) }.first { it.toDouble() == size }
    val digits = shortest.unscaledValue().toString().trimEnd('0')
    val exponent = shortest.precision() - shortest.scale() - 1
    if (exponent < -4 || exponent >= 16) {
        val rest = if (digits.length > 1) "." + digits.drop(1) else ""
        return "$sign${digits[0]}${rest}e${if (exponent < 0) "-" else "+"}${"%02d".format(Math.abs(exponent))}"
    }
    if (exponent < 0) return "${sign}0.${"0".repeat(-exponent - 1)}$digits"
    val whole = digits.padEnd(exponent + 1, '0')
    return "$sign${whole.take(exponent + 1)}.${whole.drop(exponent + 1).ifEmpty { "0" }}"
}

/** [value], made of what [parseJson] gives, as a message shows it: as Python's repr prints it, at most 80 characters of it. */
internal fun quote(value: Any?): String {
    val shown = repr(if (value is String) firstOf(value, LONGEST_SHOWN + 1) else value)
    return if (shown.codePointCount(0, shown.length) <= LONGEST_SHOWN) shown else firstOf(shown, LONGEST_SHOWN - 1) + "…"
}

private fun firstOf(text: String, count: Int): String {
    val start = text.take(2 * count)
    return if (start.codePointCount(0, start.length) <= count) start else start.substring(0, start.offsetByCodePoints(0, count))
}

private fun repr(value: Any?): String = when (value) {
    null -> "None"
    true -> "True"
    false -> "False"
    is Double -> decimal(value)
    is String -> reprText(value)
    is List<*> -> value.joinToString(", ", "[", "]") { repr(it) }
    is Map<*, *> -> value.entries.joinToString(", ", "{", "}") { (key, item) -> "${repr(key)}: ${repr(item)}" }
    else -> value.toString()
}

private fun reprText(text: String): String {
    val quote = if ('\'' in text && '"' !in text) '"' else '\''
    val out = StringBuilder().append(quote)
    for (letter in text.codePoints()) {
        when {
            letter == quote.code || letter == '\\'.code -> out.append('\\').appendCodePoint(letter)
            letter == '\n'.code -> out.append("\\n")
            letter == '\r'.code -> out.append("\\r")
            letter == '\t'.code -> out.append("\\t")
            isPrintable(letter) -> out.appendCodePoint(letter)
            else -> out.append((if (letter < 0x100) "\\x%02x" else if (letter < 0x10000) "\\u%04x" else "\\U%08x").format(letter))
        }
    }
    return out.append(quote).toString()
}

/** Whether every high half of a surrogate pair has its low one, and the other way round. */
internal fun isWhole(text: String): Boolean = text.codePoints().noneMatch { it in 0xD800..0xDFFF }

/** Whether a character prints as itself; a blank does, no other kind of space. */
internal fun isPrintable(letter: Int): Boolean = letter == ' '.code || when (Character.getType(letter).toByte()) {
    Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
    Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SPACE_SEPARATOR,
    -> false
    else -> true
}
