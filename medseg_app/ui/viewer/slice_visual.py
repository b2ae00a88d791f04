"""SliceVisual: one slice with its labels and proposals, drawn in a single pass by the graphics card.

The image texture holds real-world values; the marks texture holds two numbers per voxel (the label
shown there and the proposal shown there, 0 for none); the colours texture gives each number its colour
and weight. Fill, outline and dashes are made in the shader, so that they stay sharp at every zoom.
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
uniform vec2 u_window;       // lowest and highest value shown
uniform vec2 u_padding;      // value that means "no image here", 1 where there is one
uniform float u_inverted;
uniform float u_rows;        // rows of the table of colours
uniform float u_fill;        // opacity of the inside of labels
uniform float u_outline;     // width of outlines in pixels of the screen
uniform float u_outlines;    // 0 hides the outlines
uniform float u_marked;      // 0 hides labels and proposals
varying vec2 v_texture;

vec3 grey(vec2 place) {
    float value = texture2D(u_image, place).r;
    if (value != value) return vec3(0.0);
    if (u_padding.y > 0.5 && abs(value - u_padding.x) < 0.5) return vec3(0.0);
    float shade = clamp((value - u_window.x) / (u_window.y - u_window.x), 0.0, 1.0);
    return vec3(u_inverted > 0.5 ? 1.0 - shade : shade);
}

vec4 colour_of(vec2 mark) {
    vec2 number = floor(mark * 255.0 + 0.5);
    return texture2D(u_colours, vec2((number.x + 0.5) / 256.0, (number.y + 0.5) / u_rows));
}

bool differs(vec2 a, vec2 b) { return any(greaterThan(abs(a - b), vec2(0.001))); }

void main() {
    vec3 colour = grey(v_texture);
    if (u_marked > 0.5) {
        vec4 mark = texture2D(u_marks, v_texture);
        if (dot(mark, vec4(1.0)) > 0.0) {
            vec2 right = dFdx(v_texture), down = dFdy(v_texture);
            vec4 label = colour_of(mark.xy), proposal = colour_of(mark.zw);
            bool has_label = dot(mark.xy, vec2(1.0)) > 0.0;
            bool has_proposal = dot(mark.zw, vec2(1.0)) > 0.0;
            float reach = u_outline * (max(label.a, proposal.a) > 0.9 ? 1.6 : 1.0);
            bool label_edge = false, proposal_edge = false;
            for (int n = 0; n < 4; n++) {
                vec2 step = n == 0 ? right : n == 1 ? -right : n == 2 ? down : -down;
                vec4 other = texture2D(u_marks, clamp(v_texture + step * reach, 0.0, 1.0));
                label_edge = label_edge || differs(other.xy, mark.xy);
                proposal_edge = proposal_edge || differs(other.zw, mark.zw);
            }
            if (has_label) {
                float selected = label.a > 0.9 ? 1.25 : 1.0;
                colour = mix(colour, label.rgb, label_edge && u_outlines > 0.5 ? 0.95 : u_fill * selected);
            }
            if (has_proposal) {
                bool chosen = proposal.a > 0.9;
                bool dash = chosen || mod(gl_FragCoord.x + gl_FragCoord.y, 8.0) < 5.0;
                float weight = proposal_edge && dash ? 1.0 : u_fill * (chosen ? 0.6 : 0.35);
                colour = mix(colour, proposal.rgb, weight);
            }
        }
    }
    gl_FragColor = vec4(colour, 1.0);
}
"""

OUTLINE_PX = 1.5


DEFAULTS: dict[str, Any] = {
    "u_window": (0.0, 1.0),
    "u_padding": (0.0, 0.0),
    "u_inverted": 0.0,
    "u_rows": 1.0,
    "u_fill": 0.35,
    "u_outline": OUTLINE_PX,
    "u_outlines": 1.0,
    "u_marked": 1.0,
}


class SliceVisual(Visual):  # type: ignore[misc]
    """See the module; `SliceNode` is the same in vispy's scene graph."""

    def __init__(self) -> None:
        super().__init__(vcode=VERTEX, fcode=FRAGMENT)
        self._position, self._texture = gloo.VertexBuffer(), gloo.VertexBuffer()
        self._image = gloo.Texture2D((1, 1), internalformat="r32f", format="red", interpolation="linear")
        self._marks = gloo.Texture2D(np.zeros((1, 1, 4), np.uint8), interpolation="nearest")
        self._colours = gloo.Texture2D(np.zeros((1, 256, 4), np.uint8), interpolation="nearest")
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
        self._image.set_data(np.ascontiguousarray(plane, dtype=np.float32))

    def set_marks(self, marks: NDArray[np.uint8]) -> None:
        """All marks of the slice, shape (down, across, 4)."""
        self._marks.set_data(marks)

    def set_marks_part(self, marks: NDArray[np.uint8], offset: tuple[int, int]) -> None:
        """The marks of a rectangle that starts at (down, across)."""
        self._marks.set_data(marks, offset=offset)

    def set_colours(self, table: NDArray[np.uint8]) -> None:
        """Colour and weight of every number, shape (rows, 256, 4); weight 255 marks the chosen one."""
        self._colours.set_data(table)
        self.shared_program["u_rows"] = float(len(table))

    def set_smooth(self, smooth: bool) -> None:
        """Interpolate between voxels, or show each as it is."""
        self._image.interpolation = "linear" if smooth else "nearest"

    def set_values(self, **values: Any) -> None:
        """Assign uniforms by name, without their `u_`."""
        for name, value in values.items():
            self.shared_program[f"u_{name}"] = value


SliceNode: Any = create_visual_node(SliceVisual)
