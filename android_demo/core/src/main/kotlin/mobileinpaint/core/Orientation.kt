package mobileinpaint.core

/** How a picture's file lies, by its EXIF tag 1 to 8, and where each of its pixels goes in the upright photo. */
enum class Orientation {
    UPRIGHT, MIRRORED, HALF_TURN, FLIPPED, TRANSPOSED, QUARTER_TURN, TRANSVERSED, THREE_QUARTER_TURN;

    /** Whether width and height change places. */
    val isSideways get() = this >= TRANSPOSED

    /** Which pixel of the upright photo, counted row by row, column [x] of row [y] of a file of [width] x [height] is. */
    fun place(x: Int, y: Int, width: Int, height: Int): Int = when (this) {
        UPRIGHT -> y * width + x
        MIRRORED -> y * width + width - 1 - x
        HALF_TURN -> (height - 1 - y) * width + width - 1 - x
        FLIPPED -> (height - 1 - y) * width + x
        TRANSPOSED -> x * height + y
        QUARTER_TURN -> x * height + height - 1 - y
        TRANSVERSED -> (width - 1 - x) * height + height - 1 - y
        THREE_QUARTER_TURN -> (width - 1 - x) * height + y
    }

    companion object {
        /** The one of an EXIF tag; upright where the tag is none. */
        fun of(tag: Int) = entries.getOrElse(tag - 1) { UPRIGHT }
    }
}
