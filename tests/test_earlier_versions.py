"""Files that released versions wrote still load, and mean what they meant."""

from base64 import b85decode
from pathlib import Path
from zlib import decompress

from conftest import Kerash

MODEL_OF_0_1_0 = (
    "c-oy*y^bU`5Qc<+@FK!dlMwWcY`6Pwb?j!m#LlSYwyS4a+ud&2?pyX&gUAR-4-"
    "y`M=z^0jKsxabL=cf7g5&1}pzNNxnK@1bx7wYZs<OYT`sypc_~5<pb01Yz4^AlIL{&u>_t6a)VYksmbiaxkZF=EW(FKiHkpZcVLI"
    "VSJD=dC<W&(`BAhl|T%|0e9bnO6WU6W-"
    "R<KG$&$xc`c{?_#>qN@m9Y!&&4!sC7Gz+f!+@waKa&L5=+kS+6o&<^9|0>CwihpFpgw)Xy;c2ME!>lEnhL=D|O+kC(u?LiE0!uGA"
    "TbMe@TG1`RtgXj;%ir}cj=Mid{dN8d#vY;o2^#vH!T4&mNa;+Z1wK?YT7+O|}4(2i_El84-"
    "MUnHeDASlOd0rA)mORbTMYvC8ofwobs(k|Ln9m8b0k?;ojq1=JSrX)(tdEhCoCLFk&~2;S7JbRi)1Yw<p?bEU3%Xhjfp7e;V6d=Y"
    "3#?*$Vp`p}UVM(8(4sS<9gZRZ>na$v^!O?9BJqYjSg1K9&(4R1l#>zi&I@hnqbCwN52KcLK?$gq$D-Ryj1o#pnk6YuIbr#sy-shc"
    "PFox9an6$ziOm=*Q^r#66|HZ5knh4wv;kH5d0m_~<3r#aezymCcVdvfv_^CmLbXnAD~r?dT>5F8uZP@D!%bzTz&{PE(2muByM=bp"
    "F)GI0jSx~dofa-"
    "(A@ezBSdly4=s*}>Vr7Jb&>|se=sI+aS<t`H$g=1jN`u~qFgT;fy8!)m)%Uu`LsLKFd6nZF!RW^)?ds9tx<1*jE500kxH<~g!b}V"
    "$Brv)KH8+jL=)tSl?FkJ!Cg;*V5{8p)@j(j9gLQaDZ=v06U8O*ZSqCHxZ7W!s&2#ZDSV%<`Wo4lN5}}AxT$X|)z(h?sFH)Hlc`ln"
    "AQmAWH`?Dpj%bGxwGbz&&j?c%Q?2yUnafJDqIZS1DR>CUEXq^^~Xn>TpREaE8S(1_`5};Nx%ae>1IpLJmTyaqrO~z2NS;lFTaG8~"
    "e80}(AeFugv!<sF<lKiV2^ns7^X9<g9pVV8|Y#oQbE8R4xQtQ_tF4k{?%;fzaPW%?6B4+$G6noct7>^V7ADDNm2zQHPce}-"
    "6@%2YPKKknCFE77HpMLuHH@mCffBEq0`N!(zx33;N`t#L;AO3ju{mZ}p`RVfg-+sOP?)fKI{{oeXKIQ"
)
"""What 0.1.0 saved after 50 epochs of a `dense 2 tanh`, `dense ? softmax` on TABLE, zipped and in base 85."""

TABLE = "a,b,kind\n0,5,1.0\n1,7,2.0\n2,6,1.0\n3,9,2.0\n"

PROBABILITIES = """\
0.7506256,0.24937442
0.48607856,0.51392144
0.5545598,0.44544014
0.20965602,0.79034394
"""
"""What 0.1.0 printed for TABLE."""


def test_a_model_of_0_1_0_predicts_what_it_predicted(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.kerash").write_bytes(decompress(b85decode(MODEL_OF_0_1_0)))
    (tmp_path / "t.csv").write_text(TABLE, encoding="ascii")
    assert kerash("predict", "m.kerash", "t.csv", "--proba").out == PROBABILITIES
    assert kerash("predict", "m.kerash", "t.csv").out.split() == ["1", "2", "1", "2"]
    done = kerash("evaluate", "m.kerash", "t.csv")
    assert done.out.splitlines()[1].split() == ["accuracy", "1", "0.5"]
    assert "t.csv: this is the file that the model was trained on" in done.err
    assert kerash("show", "m.kerash").code == 0
    assert kerash("importance", "m.kerash", "t.csv").code == 0
    assert kerash("report", "m.kerash", "t.csv").code == 0
    page = (tmp_path / "m.html").read_text(encoding="utf-8")
    assert "Learning curve" not in page
    assert "kerash repro m.kerash t.csv" in page


def test_a_model_of_0_1_0_goes_on_training_and_is_saved_as_this_version_does(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.kerash").write_bytes(decompress(b85decode(MODEL_OF_0_1_0)))
    (tmp_path / "t.csv").write_text(TABLE, encoding="ascii")
    (tmp_path / "c.model").write_text("? 1 1\ninput\ndense 2 tanh\ndense ? softmax\n", encoding="ascii")
    words = ("--target", "kind", "--start", "m.kerash", "--epochs", "1", "-o", "n.kerash", "-q")
    assert kerash("train", "c.model", "t.csv", *words).code == 0
    assert b'\\"format\\":2' in (tmp_path / "n.kerash").read_bytes()
    assert kerash("predict", "n.kerash", "t.csv").code == 0
