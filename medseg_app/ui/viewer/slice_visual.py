"""SliceVisual: one slice with its labels and proposals, drawn in a single pass by the graphics card.

The image texture holds real-world values; the marks texture holds per voxel which label and which
proposal it shows and on which sides they end (see `marks`); the colours texture gives each number its
colour and weight. Fill, outline and dashes are made in the shader, so that they stay sharp at every zoom.
Every texture is read without branches: software OpenGL computes both sides of a branch anyway.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from vispy import gloo
from vispy.scene.visuals import create_visual_node
from vispy.visuals import Visual

VERTEX = """
attribute vec2 a_position;
attribute vec2 a_texture;
varying vec2 v_texture;
void main() {
    v_texture = a_texture;
    gl_Position = $transform(vec4(a_position, 0.0, 1.0));
}
"""

FRAGMENT = """
uniform sampler2D u_image;
uniform sampler2D u_marks;
uniform sampler2D u_colours;
uniform vec2 u_size;         // voxels of the slice (across, down)
uniform vec2 u_window;       // lowest and highest value shown
uniform vec2 u_padding;      // value that means "no image here", 1 where there is one
uniform float u_inverted;
uniform float u_fill;        // opacity of the inside of labels
uniform vec2 u_edge;         // width of outlines in voxels (across, down); 0 hides them
uniform float u_marked;      // 0 hides labels and proposals
varying vec2 v_texture;

float bit(float byte, float worth) { return mod(floor(byte / worth), 2.0); }

float on_edge(float bits, vec2 place, vec2 width) {
    vec2 low = step(place, width), high = step(1.0 - width, place);
    return max(max(bit(bits, 1.0) * low.x, bit(bits, 2.0) * high.x),
               max(bit(bits, 4.0) * low.y, bit(bits, 8.0) * high.y));
}

void main() {
    float value = texture2D(u_image, v_texture).r;
    float shade = clamp((value - u_window.x) / (u_window.y - u_window.x), 0.0, 1.0);
    shade = mix(shade, 1.0 - shade, u_inverted);
    if (value != value || (u_padding.y > 0.5 && abs(value - u_padding.x) < 0.5)) shade = 0.0;

    vec4 mark = floor(texture2D(u_marks, v_texture) * 255.0 + 0.5);
    float upper = floor(mark.b / 16.0), lower = mark.b - 16.0 * upper;
    vec4 label = texture2D(u_colours, vec2(mark.r + 0.5, lower + 0.5) / vec2(256.0, 16.0));
    vec4 proposal = texture2D(u_colours, vec2(mark.g + 0.5, upper + 0.5) / vec2(256.0, 16.0));
    float proposal_bits = floor(mark.a / 16.0), label_bits = mark.a - 16.0 * proposal_bits;
    vec2 place = fract(v_texture * u_size);

    // Weight 0 is no mark. From 76 on (of 255) a label, from 178 on the chosen one, more opaque and with a
    // wider outline; what it has beyond that, up to 77, is the share of the opacity that its inside takes.
    float chosen = step(0.65, label.a), shown = step(0.1, label.a) * u_marked;
    float inside = clamp((label.a * 255.0 - mix(76.0, 178.0, chosen)) / 77.0, 0.0, 1.0);
    float edge = on_edge(label_bits, place, u_edge * (1.0 + 0.6 * chosen));
    float weight = max(edge * 0.95, u_fill * inside * (1.0 + 0.25 * chosen)) * shown;
    vec3 colour = mix(vec3(shade), label.rgb, weight);

    // Of proposals one half is a mark, 1 the chosen one; a quarter may still change: dots, nothing inside.
    chosen = step(0.9, proposal.a);
    shown = step(0.1, proposal.a) * u_marked;
    float settled = step(0.4, proposal.a);
    vec2 dashes = mix(vec2(6.0, 2.0), vec2(8.0, 5.0), settled);  // period and length, pixels
    float dash = max(chosen, step(mod(gl_FragCoord.x + gl_FragCoord.y, dashes.x), dashes.y));
    edge = on_edge(proposal_bits, place, u_edge * (1.0 + 0.6 * chosen)) * dash;
    weight = max(edge, u_fill * (0.35 + 0.25 * chosen) * settled) * shown;
    gl_FragColor = vec4(mix(colour, proposal.rgb, weight), 1.0);
}
"""

DEFAULTS: dict[str, Any] = {
    "u_window": (0.0, 1.0),
    "u_padding": (0.0, 0.0),
    "u_inverted": 0.0,
    "u_size": (1.0, 1.0),
    "u_fill": 0.35,
    "u_edge": (0.0, 0.0),
    "u_marked": 1.0,
}


class SliceVisual(Visual):  # type: ignore[misc]
    """See the module; `SliceNode` is the same in vispy's scene graph."""

    def __init__(self) -> None:
        super().__init__(vcode=VERTEX, fcode=FRAGMENT)
        self._position, self._texture = gloo.VertexBuffer(), gloo.VertexBuffer()
        self._image = gloo.Texture2D((1, 1), internalformat="r32f", format="red", interpolation="linear")
        self._marks = gloo.Texture2D(np.zeros((1, 1, 4), np.uint8), interpolation="nearest")
        self._colours = gloo.Texture2D(np.zeros((16, 256, 4), np.uint8), interpolation="nearest")
        program = self.shared_program
        program["a_position"], program["a_texture"] = self._position, self._texture
        program["u_image"], program["u_marks"] = self._image, self._marks
        program["u_colours"] = self._colours
        for name, value in DEFAULTS.items():
            program[name] = value
        self._draw_mode = "triangles"
        self.set_gl_state("opaque", depth_test=False, cull_face=False, blend=False)

    def _prepare_transforms(self, view: Any) -> None:
        view.view_program.vert["transform"] = view.transforms.get_transform()

    def _prepare_draw(self, view: Any) -> bool:
        return bool(self._position.size)

    def _compute_bounds(self, axis: int, view: Any) -> None:
        return None

    def set_mesh(self, corners: NDArray[np.float32], texture: NDArray[np.float32]) -> None:
        """Where the slice lies: triangle corners in view mm and in texture units, (n, 2) each."""
        self._position.set_data(corners)
        self._texture.set_data(texture)

    def set_image(self, plane: NDArray[Any]) -> None:
        """The values of the slice, shape (down, across)."""
        self.shared_program["u_size"] = (float(plane.shape[1]), float(plane.shape[0]))
        self._image.set_data(np.ascontiguousarray(plane, dtype=np.float32))

    def set_marks(self, marks: NDArray[np.uint8]) -> None:
        """All marks of the slice, shape (down, across, 4)."""
        self._marks.set_data(marks)

    def set_marks_part(self, marks: NDArray[np.uint8], offset: tuple[int, int]) -> None:
        """The marks of a rectangle that starts at (down, across)."""
        self._marks.set_data(marks, offset=offset)

    def set_colours(self, table: NDArray[np.uint8]) -> None:
        """Colour and weight of every number, shape (16, 256, 4)."""
        self._colours.set_data(table)

    def set_smooth(self, smooth: bool) -> None:
        """Interpolate between voxels, or show each as it is."""
        self._image.interpolation = "linear" if smooth else "nearest"

    def set_values(self, **values: Any) -> None:
        """Assign uniforms by name, without their `u_`."""
        for name, value in values.items():
            self.shared_program[f"u_{name}"] = value


SliceNode: Any = create_visual_node(SliceVisual)
