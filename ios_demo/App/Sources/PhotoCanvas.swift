import InpaintCore
import InpaintKit
import UIKit

/// Shows a photo of any size through a preview, and through a tile at full resolution where it is zoomed in.
final class PhotoCanvas: UIView, UIGestureRecognizerDelegate {
    var painted: @MainActor (Stroke) -> Void = { _ in }
    /// A part of the photo at full resolution, of at most so many pixels.
    var detail: @MainActor (Box, Int) async -> Picture? = { _, _ in nil }
    var brushPoints: CGFloat = 32
    var takesAway = false
    var mayPaint = true

    var strokes: [Stroke] = [] {
        didSet { marks.strokes = strokes }
    }

    /// The photo as it was: shown left of the handle.
    var compared: Picture? {
        didSet {
            before.contents = compared?.image
            before.isHidden = compared == nil
            handle.isHidden = compared == nil
            placeAll()
        }
    }

    private let after = CALayer()
    private let tile = CALayer()
    private let before = CALayer()
    private let beforeMask = CALayer()
    private let marks = MarksView()
    private let handle = UIView()

    private var sheet: Sheet?
    private var viewport = Viewport()
    private var laidOut = CGSize.zero
    private var current: Stroke?
    private var tileBox: Box?
    private var loading: Task<Void, Never>?
    /// Where the handle stands, as a share of the width.
    private var split: CGFloat = 0.5

    override init(frame: CGRect) {
        super.init(frame: frame)
        clipsToBounds = true
        isMultipleTouchEnabled = true
        backgroundColor = .secondarySystemBackground
        for sublayer in [after, tile, before] {
            layer.addSublayer(sublayer)
        }
        beforeMask.backgroundColor = UIColor.black.cgColor
        before.mask = beforeMask
        before.isHidden = true
        addSubview(marks)
        handle.backgroundColor = .white
        handle.isHidden = true
        addSubview(handle)
        let pan = UIPanGestureRecognizer(target: self, action: #selector(moved(_:)))
        pan.minimumNumberOfTouches = 2
        let pinch = UIPinchGestureRecognizer(target: self, action: #selector(zoomed(_:)))
        let brush = BrushRecognizer(target: self, action: #selector(brushed(_:)))
        let recognizers: [UIGestureRecognizer] = [pan, pinch, brush]
        for recognizer in recognizers {
            recognizer.delegate = self
            addGestureRecognizer(recognizer)
        }
        isAccessibilityElement = true
        accessibilityLabel = "Photo"
        accessibilityHint = "Paint with one finger over what shall go. Move and zoom with two fingers."
        accessibilityTraits = [.image, .allowsDirectInteraction]
    }

    @available(*, unavailable)
    required init?(coder: NSCoder) {
        fatalError("made in code alone")
    }

    /// Shows a photo, or the same one after a change.
    func show(_ shown: Sheet) {
        guard shown.preview.image !== sheet?.preview.image else { return }
        let isOther = shown.width != sheet?.width || shown.height != sheet?.height
        sheet = shown
        after.contents = shown.preview.image
        if isOther {
            viewport.fit(width: shown.width, height: shown.height, into: bounds.size)
        }
        dropTile()
        placeAll()
        loadTile()
    }

    override func layoutSubviews() {
        super.layoutSubviews()
        guard bounds.size != laidOut else { return }
        laidOut = bounds.size
        marks.frame = bounds
        if let sheet {
            viewport.fit(width: sheet.width, height: sheet.height, into: bounds.size)
        }
        placeAll()
        loadTile()
    }

    /// Moving and zooming go together; the brush ends by itself when a second finger comes.
    func gestureRecognizer(
        _ one: UIGestureRecognizer, shouldRecognizeSimultaneouslyWith other: UIGestureRecognizer
    ) -> Bool {
        true
    }

    @objc private func moved(_ pan: UIPanGestureRecognizer) {
        let distance = pan.translation(in: self)
        pan.setTranslation(.zero, in: self)
        viewport.move(by: distance, in: bounds.size)
        placeAll()
        if pan.state == .ended {
            loadTile()
        }
    }

    @objc private func zoomed(_ pinch: UIPinchGestureRecognizer) {
        viewport.zoom(by: pinch.scale, round: pinch.location(in: self), in: bounds.size)
        pinch.scale = 1
        placeAll()
        if pinch.state == .ended {
            loadTile()
        }
    }

    @objc private func brushed(_ brush: BrushRecognizer) {
        let point = brush.location(in: self)
        if compared != nil {
            split = min(max(point.x / max(bounds.width, 1), 0), 1)
            placeAll()
            return
        }
        switch brush.state {
        case .began:
            current = mayPaint ? stroke(from: brush.start) : nil
            current?.points.append(viewport.photoPoint(point))
        case .changed:
            current?.points.append(viewport.photoPoint(point))
        case .ended:
            if let ended = current ?? (mayPaint ? stroke(from: brush.start) : nil) {
                painted(ended)
            }
            current = nil
        default:
            current = nil
        }
        marks.current = current
    }

    private func stroke(from point: CGPoint) -> Stroke {
        let radius = max(Int((brushPoints / 2 / viewport.scale).rounded()), 1)
        return Stroke(points: [viewport.photoPoint(point)], radius: radius, erases: takesAway)
    }

    /// Puts every layer where the photo is.
    private func placeAll() {
        guard let sheet else { return }
        CATransaction.begin()
        CATransaction.setDisableActions(true)
        let whole = viewport.frame(of: Box(top: 0, bottom: sheet.height, left: 0, right: sheet.width))
        after.frame = whole
        before.frame = whole
        let x = bounds.width * split
        beforeMask.frame = CGRect(x: 0, y: 0, width: max(x - whole.minX, 0), height: whole.height)
        handle.frame = CGRect(x: x - 1.5, y: 0, width: 3, height: bounds.height)
        if let tileBox {
            tile.frame = viewport.frame(of: tileBox)
        }
        let filter: CALayerContentsFilter = viewport.scale > 2 ? .nearest : .linear
        tile.magnificationFilter = filter
        after.magnificationFilter = filter
        CATransaction.commit()
        marks.viewport = viewport
    }

    private func dropTile() {
        loading?.cancel()
        tileBox = nil
        tile.contents = nil
    }

    /// Asks for what is visible at full resolution, where the preview is coarser than the screen.
    private func loadTile() {
        loading?.cancel()
        guard let sheet else { return }
        let screen = traitCollection.displayScale
        let shown = viewport.scale * screen * CGFloat(sheet.width)
        if shown <= 1.2 * CGFloat(sheet.preview.image.width) || sheet.preview.image.width == sheet.width {
            dropTile()
            return
        }
        let box = viewport.visible(width: sheet.width, height: sheet.height, in: bounds.size)
        let mostPixels = max(Int(bounds.width * screen * bounds.height * screen), 1)
        let ask = detail
        loading = Task { [weak self] in
            guard let picture = await ask(box, mostPixels), !Task.isCancelled, let self else { return }
            self.tileBox = box
            self.tile.contents = picture.image
            self.placeAll()
        }
    }
}
