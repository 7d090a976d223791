package mobileinpaint.app

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.Path
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.ScaleGestureDetector
import android.view.View
import java.util.concurrent.Executors
import mobileinpaint.core.Mask
import mobileinpaint.core.NoMemory
import mobileinpaint.core.Pixels
import mobileinpaint.core.seenThrough
import mobileinpaint.core.withinMemory

private const val CLOSEST = 16f

/** The photo under the fingers: one paints, two move and zoom. What is seen is drawn from the photo itself, at every zoom. */
class PaintView(context: Context, attributes: AttributeSet) : View(context, attributes) {
    /** Told of each line that was painted. */
    var painted: ((Stroke) -> Unit)? = null
    var mayPaint = false
    var erases = false

    /** Of the brush, in pixels of the screen. */
    var radius = 40f

    private val drawer = Executors.newSingleThreadExecutor()
    private var photo: Pixels? = null
    private var mask: Mask? = null

    /** Where the photo's upper left corner is on the screen, and how large a pixel of it. */
    private var left = 0f
    private var top = 0f
    private var scale = 0f

    private class Sight(val bitmap: Bitmap, val left: Float, val top: Float, val scale: Float)

    private var sight: Sight? = null

    @Volatile
    private var asked = 0
    private val points = mutableListOf<IntArray>()
    private val line = Path()
    private val brush = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        style = Paint.Style.STROKE
        strokeCap = Paint.Cap.ROUND
        strokeJoin = Paint.Join.ROUND
    }
    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private var zooms = false

    private val zoom = ScaleGestureDetector(context, object : ScaleGestureDetector.SimpleOnScaleGestureListener() {
        private var x = 0f
        private var y = 0f

        override fun onScaleBegin(detector: ScaleGestureDetector): Boolean {
            x = detector.focusX
            y = detector.focusY
            return true
        }

        override fun onScale(detector: ScaleGestureDetector): Boolean {
            if (photo == null || scale <= 0f) return false
            val wanted = (scale * detector.scaleFactor).coerceIn(fitting() / 2, maxOf(CLOSEST, fitting()))
            val factor = wanted / scale
            left = detector.focusX - (x - left) * factor
            top = detector.focusY - (y - top) * factor
            scale = wanted
            x = detector.focusX
            y = detector.focusY
            invalidate()
            return true
        }

        override fun onScaleEnd(detector: ScaleGestureDetector) = look()
    })

    /** Shows [photo] with [mask] over it; a photo of another size is shown whole at first. */
    fun show(photo: Pixels?, mask: Mask?) {
        val other = photo?.width != this.photo?.width || photo?.height != this.photo?.height
        this.photo = photo
        this.mask = mask
        if (photo == null) sight = null
        if (other) fit()
        look()
    }

    private fun fitting(): Float = photo?.let { minOf(width.toFloat() / it.width, height.toFloat() / it.height) } ?: 0f

    private fun fit() {
        val photo = photo ?: return
        scale = fitting()
        left = (width - photo.width * scale) / 2
        top = (height - photo.height * scale) / 2
    }

    override fun onSizeChanged(width: Int, height: Int, oldWidth: Int, oldHeight: Int) {
        fit()
        look()
    }

    /** Draws what is seen anew, elsewhere; only the last one asked for is shown. */
    private fun look() {
        invalidate()
        val photo = photo ?: return
        if (width == 0 || height == 0 || scale <= 0f) return
        val number = ++asked
        val (left, top, scale) = Triple(left, top, scale)
        val (mask, width, height) = Triple(mask, width, height)
        drawer.execute {
            if (number != asked) return@execute
            val step = 1.0 / scale
            val bitmap = try {
                withinMemory {
                    val colours = photo.seenThrough(mask, -left * step, -top * step, step, width, height)
                    Bitmap.createBitmap(colours, width, height, Bitmap.Config.ARGB_8888)
                }
            } catch (_: NoMemory) {
                return@execute // what was seen before stays
            }
            post {
                if (number == asked) {
                    sight = Sight(bitmap, left, top, scale)
                    invalidate()
                }
            }
        }
    }

    override fun onDraw(canvas: Canvas) {
        val sight = sight ?: return
        val factor = scale / sight.scale
        val place = Matrix().apply {
            setScale(factor, factor)
            postTranslate(left - sight.left * factor, top - sight.top * factor)
        }
        canvas.drawBitmap(sight.bitmap, place, smooth)
        if (points.isNotEmpty()) {
            brush.strokeWidth = 2 * radius
            brush.color = if (erases) Color.argb(128, 255, 255, 255) else Color.argb(128, 255, 40, 60)
            canvas.drawPath(line, brush)
        }
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        zoom.onTouchEvent(event)
        when (event.actionMasked) {
            MotionEvent.ACTION_DOWN -> {
                zooms = false
                if (mayPaint && photo != null) begin(event.x, event.y)
            }
            MotionEvent.ACTION_POINTER_DOWN -> {
                zooms = true
                forget()
            }
            MotionEvent.ACTION_MOVE -> if (!zooms && points.isNotEmpty()) extend(event)
            MotionEvent.ACTION_UP -> {
                performClick()
                commit()
            }
            MotionEvent.ACTION_CANCEL -> forget()
        }
        return true
    }

    private fun begin(x: Float, y: Float) {
        forget()
        add(x, y)
        line.moveTo(x, y)
        line.lineTo(x + 0.1f, y)
        invalidate()
    }

    private fun extend(event: MotionEvent) {
        for (past in 0 until event.historySize) add(event.getHistoricalX(past), event.getHistoricalY(past))
        add(event.x, event.y)
        line.lineTo(event.x, event.y)
        invalidate()
    }

    private fun add(x: Float, y: Float) {
        points += intArrayOf(Math.floor(((x - left) / scale).toDouble()).toInt(), Math.floor(((y - top) / scale).toDouble()).toInt())
    }

    private fun commit() {
        if (points.isEmpty()) return
        val stroke = Stroke(points.toList(), maxOf(Math.round(radius / scale), 1), erases)
        forget()
        painted?.invoke(stroke)
    }

    private fun forget() {
        points.clear()
        line.reset()
        invalidate()
    }
}
