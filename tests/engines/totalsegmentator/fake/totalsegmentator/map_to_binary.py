"""Some of the classes of the real tables, under their real values."""

class_map = {
    "total": {
        1: "spleen",
        2: "kidney_right",
        5: "liver",
        24: "kidney_cyst_right",
        27: "vertebrae_L5",
        92: "rib_left_1",
    },
    "total_mr": {5: "liver", 10: "lung_left", 19: "vertebrae", 20: "intervertebral_discs"},
}
