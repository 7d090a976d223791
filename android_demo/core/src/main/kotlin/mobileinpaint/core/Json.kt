package mobileinpaint.core

import java.math.BigDecimal
import java.math.BigInteger

/**
 * JSON to the letter of RFC 8259, as `null`, [Boolean], [Long] or [BigInteger], [Double], [String], [List] and [Map] in the file's
 * order.
 *
 * The platform's own reader takes what is no JSON (single quotes, comments, leading zeros, NaN) and forgets whether a number had a
 * point; a manifest that Python refuses would be taken here.
 *
 * @throws IllegalArgumentException it is not JSON.
 */
internal fun parseJson(text: String): Any? = JsonText(text).whole()

private const val DEEPEST = 500
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
        require(depth < DEEPEST)
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
                '"' -> return out.toString()
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
            val digits = text.drop(at).take(4)
            require(digits.length == 4 && digits.all { it in '0'..'9' || it in 'a'..'f' || it in 'A'..'F' })
            at += 4
            digits.toInt(16).toChar()
        }
        else -> throw IllegalArgumentException()
    }

    private fun number(): Number {
        val found = requireNotNull(NUMBER.matchAt(text, at)).value
        at += found.length
        if (found.any { it in ".eE" }) return found.toDouble()
        return found.toLongOrNull() ?: BigInteger(found)
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
    null, is Boolean, is Int, is Long, is BigInteger -> value.toString()
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

/** [value], made of what [parseJson] gives, as Python's repr prints it: in refusals. */
internal fun repr(value: Any?): String = when (value) {
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
    return text.map {
        when (it) {
            quote, '\\' -> "\\$it"
            '\n' -> "\\n"
            '\r' -> "\\r"
            '\t' -> "\\t"
            else -> if (it < ' ' || it == '\u007F') "\\x%02x".format(it.code) else it.toString()
        }
    }.joinToString("", "$quote", "$quote")
}
