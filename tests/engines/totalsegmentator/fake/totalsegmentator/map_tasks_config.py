"""Which networks the tasks run, as in the real tables."""

TASK_CONFIGS = {
    "total": {"sub_modes": {"default": {"task_id": [291, 292]}, "fast": {"task_id": 297}}},
    "total_mr": {"sub_modes": {"default": {"task_id": [850]}, "fast": {"task_id": 852}}},
}
TASK_ID_WEIGHTS_CONFIGS = {n: {"foldername": f"Dataset{n}_part"} for n in (291, 292, 297, 850, 852)}
