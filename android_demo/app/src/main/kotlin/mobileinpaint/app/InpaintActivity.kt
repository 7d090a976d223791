package mobileinpaint.app

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.view.MotionEvent
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Button
import android.widget.CheckBox
import android.widget.ProgressBar
import android.widget.SeekBar
import android.widget.Spinner
import android.widget.TextView

private const val PICK = 1
private const val SAVE = 2
private const val SYSTEM_PICKER = "android.provider.action.PICK_IMAGES"
private const val SYSTEM_PICKER_SINCE = 33
private const val LEAST_RADIUS_DP = 4

/** The one screen. All that it shows is in its [Session], which a rotation hands to the next. */
class InpaintActivity : Activity() {
    private lateinit var session: Session
    private val canvas by lazy { findViewById(R.id.canvas) as PaintView }
    private val status by lazy { findViewById(R.id.status) as TextView }
    private val brush by lazy { findViewById(R.id.brush) as SeekBar }
    private val erase by lazy { button(R.id.erase) }
    private val progress by lazy { findViewById(R.id.progress) as ProgressBar }
    private var compares = false

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.inpaint)
        @Suppress("DEPRECATION") // in favour of a library that this app does without
        val kept = lastNonConfigurationInstance as? Session
        session = kept ?: Session(applicationContext)
        session.changed = ::show
        session.progressed = { percent -> progress.progress = percent }
        wire()
        show()
        if (kept == null && intent.action == Intent.ACTION_SEND) {
            intent.getParcelableExtra<Uri>(Intent.EXTRA_STREAM)?.let(session::open)
        }
    }

    @Suppress("OVERRIDE_DEPRECATION")
    override fun onRetainNonConfigurationInstance(): Any = session

    override fun onDestroy() {
        session.changed = null
        session.progressed = null
        if (isFinishing) session.close()
        super.onDestroy()
    }

    private fun button(id: Int) = findViewById(id) as Button

    private fun wire() {
        canvas.painted = session::paint
        button(R.id.photo).setOnClickListener { pick() }
        erase.setOnClickListener { if (session.erasing) session.cancel() else session.erase() }
        button(R.id.keep).setOnClickListener { session.keep() }
        button(R.id.undo).setOnClickListener { session.undo() }
        button(R.id.redo).setOnClickListener { session.redo() }
        button(R.id.save).setOnClickListener { save() }
        button(R.id.share).setOnClickListener { session.share(::share) }
        button(R.id.compare).setOnTouchListener { view, event ->
            compares = event.actionMasked == MotionEvent.ACTION_DOWN || event.actionMasked == MotionEvent.ACTION_MOVE
            view.isPressed = compares
            show()
            true
        }
        (findViewById(R.id.rubber) as CheckBox).setOnCheckedChangeListener { _, on -> canvas.erases = on }
        brush.setOnSeekBarChangeListener(object : SeekBar.OnSeekBarChangeListener {
            override fun onProgressChanged(bar: SeekBar, progress: Int, byUser: Boolean) = resize()
            override fun onStartTrackingTouch(bar: SeekBar) = Unit
            override fun onStopTrackingTouch(bar: SeekBar) = Unit
        })
        resize()
        val choice = findViewById(R.id.accelerator) as Spinner
        choice.adapter = ArrayAdapter(this, android.R.layout.simple_spinner_dropdown_item, Engines.accelerators)
        choice.setSelection(Engines.accelerators.indexOf(session.accelerator))
        choice.onItemSelectedListener = object : AdapterView.OnItemSelectedListener {
            override fun onItemSelected(list: AdapterView<*>?, view: View?, at: Int, id: Long) {
                session.accelerator = Engines.accelerators[at]
            }

            override fun onNothingSelected(list: AdapterView<*>?) = Unit
        }
    }

    private fun resize() {
        canvas.radius = (LEAST_RADIUS_DP + brush.progress) / 2f * resources.displayMetrics.density
    }

    private fun show() {
        val before = compares && session.original != null
        val filled = session.filled
        canvas.show(if (before) session.original else filled ?: session.photo, if (before || filled != null) null else session.mask)
        for (view in listOf(progress, button(R.id.keep))) view.visibility = if (filled == null) View.GONE else View.VISIBLE
        canvas.mayPaint = !session.busy && !before
        status.text = session.status
        erase.setText(if (session.erasing) R.string.cancel else R.string.erase)
        val idle = !session.busy && session.photo != null
        erase.isEnabled = idle || session.erasing
        button(R.id.photo).isEnabled = !session.busy
        button(R.id.undo).isEnabled = session.canUndo
        button(R.id.redo).isEnabled = session.canRedo
        for (id in intArrayOf(R.id.compare, R.id.save, R.id.share)) button(id).isEnabled = idle
    }

    private fun pick() {
        val picker = Intent(if (Build.VERSION.SDK_INT >= SYSTEM_PICKER_SINCE) SYSTEM_PICKER else Intent.ACTION_GET_CONTENT)
        start(picker.setType("image/*"), PICK)
    }

    private fun save() {
        val intent = Intent(Intent.ACTION_CREATE_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE)
        start(intent.setType(session.savedMime).putExtra(Intent.EXTRA_TITLE, session.savedName), SAVE)
    }

    private fun start(intent: Intent, request: Int) = try {
        startActivityForResult(intent, request)
    } catch (_: ActivityNotFoundException) {
        status.setText(R.string.no_picker)
    }

    private fun share(uri: Uri) {
        val intent = Intent(Intent.ACTION_SEND).setType(session.savedMime).putExtra(Intent.EXTRA_STREAM, uri)
        startActivity(Intent.createChooser(intent.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION), getString(R.string.share)))
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val uri = data?.data?.takeIf { result == RESULT_OK } ?: return
        if (request == PICK) session.open(uri) else session.save(uri)
    }
}
