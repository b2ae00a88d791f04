"""Judgement: how well one set of labels agrees with another.

What the figures are where something is missing. None means undefined, null in JSON; such values take no
part in means and in intervals, and no figure is ever NaN or infinite: no library is asked about a mask
without voxels. Which figure is whose stands in docs/adr/0015-figures-of-agreement.md.

    figure                    nothing on      truth empty,    truth there,        kept
                              either side     prediction not  prediction empty    in
    dice, iou, nsd            None            0               0                   overlap.py
    hd95_mm                   None            None            None
    volume_error_ml           0               + its volume    - its volume
    volume_error_relative     None            None            -1
    recall, ap, froc          None            None            0                   detection.py
    precision                 None            0               None
    f1, pq, rq                None            0               0
    sq                        None            None            None
    false positives per case  0               their number    0
    dice of all findings      None            0               0

A class that neither file holds is not listed. A class that nobody annotated (`unknown`) is not empty: it
is left out on both sides. A case without findings counts as a case for false positives per case.

AP of several classes is the mean over those with truths; PQ, SQ and RQ are means over those that define
them, so PQ over the classes that occur on either side. All other figures of findings count them together.
"""
